"""Training and scoring beside LightGBM alone: what the folds, the calibration and the checks cost."""
