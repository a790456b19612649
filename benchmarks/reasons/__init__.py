"""Exact reasons: tables of paths beside LightGBM's `pred_contrib` and shap, on fitted models."""
