"""The form of the sampling frame, which ranking, draw and estimates share."""

from __future__ import annotations

FRAME_COLUMNS = (
    "firm_id",
    "stratum",
    "region",
    "sector",
    "probability_ppb",
    "floor_ppb",
    "likelihood",
    "expected_harm",
)
BILLION = 1_000_000_000
"""Billionths in a probability of one: chances are whole numbers of them."""
