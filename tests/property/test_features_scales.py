"""Curves of rating schemes: monotone, of mean relative risk 1, and equal to the formulas written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.scales import PLACES, Curve, Scheme, curves, places
from tests.property.naive import ratings as naive

numbers = st.lists(st.integers(0, 60), min_size=PLACES, max_size=PLACES)


@st.composite
def schemes(draw) -> Scheme:
    """Counts at the twenty places; no visit where nobody is rated, no violation without a visit."""
    rated, visits = np.array(draw(numbers)), np.array(draw(numbers))
    rated[draw(st.integers(0, PLACES - 1))] += 1
    visits = np.where(rated > 0, visits, 0)
    share = np.array(draw(st.lists(st.floats(0, 1), min_size=PLACES, max_size=PLACES)))
    hits = np.floor(visits * share).astype(np.int64)
    better = draw(st.sampled_from(("", "higher", "lower")))
    return Scheme(rated, visits, hits, better, draw(st.booleans()))


def written_out(all_schemes: list[Scheme]) -> list[Curve]:
    """The curves by plain loops."""
    counts = [tuple(map(list, (s.rated, s.visits, s.violations))) for s in all_schemes]
    better = [s.better or naive.by_outcomes(c) for s, c in zip(all_schemes, counts, strict=True)]
    pooled = naive.pool([naive.best_first(c, b) for c, b in zip(counts, better, strict=True) if b])
    found = []
    for scheme, (rated, visits, hits), b in zip(all_schemes, counts, better, strict=True):
        share = [n / sum(rated) for n in rated]
        risk = pooled[::-1] if b == "higher" else pooled
        if not b:
            risk = [sum(p * w for p, w in zip(pooled, share, strict=True))] * PLACES
        elif scheme.enough:
            risk = naive.own(visits, hits, share, risk, b)
        mean = sum(p * w for p, w in zip(risk, share, strict=True))
        relative = [p / mean for p in risk]
        found.append(Curve(np.array(risk), np.array(relative), bool(b) and scheme.enough))
    return found


@given(st.lists(schemes(), min_size=1, max_size=4))
@settings(max_examples=150)
def test_curves_equal_the_formulas_written_out(given_schemes):
    for curve, expected in zip(curves(given_schemes), written_out(given_schemes), strict=True):
        assert curve.risk == pytest.approx(expected.risk, rel=1e-9)
        assert curve.relative == pytest.approx(expected.relative, rel=1e-9)
        assert curve.comparable == expected.comparable


@given(st.lists(schemes(), min_size=1, max_size=4))
@settings(max_examples=150)
def test_curves_are_monotone_chances_with_a_mean_lift_of_one(given_schemes):
    for scheme, curve in zip(given_schemes, curves(given_schemes), strict=True):
        steps = np.diff(curve.risk)
        assert (steps >= -1e-12).all() or (steps <= 1e-12).all()
        if scheme.better == "higher":
            assert (steps <= 1e-12).all()
        if scheme.better == "lower":
            assert (steps >= -1e-12).all()
        assert ((curve.risk > 0) & (curve.risk < 1)).all()
        assert curve.relative @ scheme.rated / scheme.rated.sum() == pytest.approx(1.0)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=40))
def test_places_rise_with_the_score_and_lie_in_the_scale(rated):
    found = places(np.array(rated))
    assert (np.diff(found) >= 0).all()
    assert found.min() >= 0
    assert found.max() < PLACES
