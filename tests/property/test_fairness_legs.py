"""The legs do not depend on the order of rows, equal naive reckoning, and rarely accuse at random."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from risk_index.fairness.earned import earned
from risk_index.fairness.evidence import Contrast, Sample
from risk_index.fairness.gaps import discoveries, gaps
from risk_index.fairness.pointers import pointers
from risk_index.fairness.proxies import find_proxies
from risk_index.fairness.strata import legitimate_risk, strata
from risk_index.fairness.strength import codes, fold_of, judged, strength
from risk_index.fairness.treatment import equal_treatment

SEEDS = st.integers(0, 10_000)


def group(a: np.ndarray, sign: int = 1) -> Contrast:
    return Contrast("group", "", "binary", a, sign)


def sample(rng: np.random.Generator, n: int = 1500, p: int = 6) -> Sample:
    """Firms whose margin is right: every contribution earns its weight."""
    X = pd.DataFrame(
        rng.normal(size=(n, p)).astype(np.float32), columns=[f"x{k}" for k in range(p)]
    )
    phi = X.astype(np.float64) * np.linspace(0, 0.6, p)
    margin = phi.sum(axis=1).to_numpy() - 1.5
    drawn = np.arange(n) < n // 2
    found = (rng.random(n) < expit(margin)).astype(float)
    return Sample(
        X, margin, phi, -1.5, expit(margin), drawn,
        np.where(drawn, found, np.nan), np.where(drawn, 1.0, np.nan),
    )  # fmt: skip


@given(SEEDS)
@settings(max_examples=15)
def test_gap_equals_a_naive_loop(seed):
    rng = np.random.default_rng(seed)
    n = 60
    phi, q = rng.normal(size=(n, 2)), rng.integers(0, 3, n)
    a = (rng.random(n) < 0.4).astype(float)
    total, weights = np.zeros(2), 0.0
    for stratum in range(3):
        inside, outside = (q == stratum) & (a == 1), (q == stratum) & (a == 0)
        if inside.any() and outside.any():
            w = inside.sum() * outside.sum() / (inside.sum() + outside.sum())
            total += w * (phi[inside].mean(axis=0) - phi[outside].mean(axis=0))
            weights += w
    found = gaps(phi, group(a), q, phi[:, 0])
    assert np.allclose(found.gap, total / weights)


@given(SEEDS)
@settings(max_examples=15)
def test_strength_equals_counting_pairs(seed):
    rng = np.random.default_rng(seed)
    n = 40
    score, cell = rng.integers(0, 5, n).astype(float), rng.integers(0, 3, n)
    a = (rng.random(n) < 0.5).astype(float)
    won, pairs = 0.0, 0
    for i in np.flatnonzero(a == 1):
        for j in np.flatnonzero(a == 0):
            if cell[i] == cell[j]:
                pairs += 1
                won += (score[i] > score[j]) + 0.5 * (score[i] == score[j])
    if pairs:
        assert np.isclose(judged(score, a, cell, np.zeros(n, np.int64), True).auc, won / pairs)


@given(SEEDS)
@settings(max_examples=8)
def test_row_order_changes_no_leg(seed):
    rng = np.random.default_rng(seed)
    n = 400
    x, q, fold = rng.normal(size=n).astype(np.float32), rng.integers(0, 4, n), fold_of(n, 0)
    a = (rng.random(n) < expit(x)).astype(float)
    phi, found = np.column_stack([x, rng.normal(size=n)]), (rng.random(n) < 0.3).astype(float)
    margin, weight, both = (
        phi.sum(axis=1) + rng.normal(size=n),
        rng.uniform(1, 5, n),
        np.array([True, True]),
    )
    order = rng.permutation(n)
    one, other = (
        gaps(phi, group(a), q, margin),
        gaps(phi[order], group(a[order]), q[order], margin[order]),
    )
    assert np.allclose(one.gap, other.gap)
    assert np.allclose(one.p, other.p)
    told = strength(codes(x), group(a), q, fold)
    again = strength(codes(x[order]), group(a[order]), q[order], fold[order])
    assert np.isclose(told.auc, again.auc)
    here = earned(phi, both, 0, margin, found, weight)
    there = earned(phi[order], both, 0, margin[order], found[order], weight[order])
    assert np.isclose(here.beta, there.beta)
    assert np.isclose(here.error, there.error)


@given(SEEDS)
@settings(max_examples=10)
def test_swapping_the_groups_turns_the_gap_around(seed):
    rng = np.random.default_rng(seed)
    phi, q = rng.normal(size=(200, 3)), rng.integers(0, 4, 200)
    a = (rng.random(200) < 0.4).astype(float)
    one, other = gaps(phi, group(a), q, phi[:, 0]), gaps(phi, group(1 - a, -1), q, phi[:, 0])
    assert np.allclose(one.gap, -other.gap)
    assert np.allclose(one.null, other.null)
    assert np.allclose(one.p, other.p)


def test_gap_intervals_and_p_values_hold_their_level():
    """400 unrelated attributes: p below 5 % in about 5 %, and 95 % intervals hold 0 in about 95 %."""
    rng = np.random.default_rng(1)
    phi, q = rng.exponential(size=(500, 1)) ** 2, rng.integers(0, 5, 500)
    hits, held = 0, 0
    for _ in range(400):
        found = gaps(phi, group((rng.random(500) < 0.3).astype(float), 0), q, phi[:, 0])
        low, high = found.interval()
        hits += found.p[0] < 0.05
        held += low[0] <= 0 <= high[0]
    assert 0.02 < hits / 400 < 0.09
    assert held / 400 > 0.9


def test_an_unrelated_attribute_makes_no_discovery():
    """In 60 audits of 20 inputs no more than a few false discoveries: at most 5 % of audits."""
    rng = np.random.default_rng(2)
    phi, q = rng.normal(size=(800, 20)), rng.integers(0, 5, 800)
    audits = []
    for _ in range(60):
        c = group((rng.random(800) < 0.4).astype(float))
        audits.append(discoveries([(c, gaps(phi, c, q, phi.sum(axis=1)))])[0].any())
    assert np.mean(audits) <= 0.12  # 5 %, and 2.5 standard errors of 60 audits


def test_equal_treatment_holds_its_level():
    rng = np.random.default_rng(3)
    phi, q = rng.normal(size=(600, 5)), rng.integers(0, 5, 600)
    p = [
        equal_treatment(phi, group((rng.random(600) < 0.4).astype(float)), q, k).p
        for k in range(25)
    ]
    assert np.mean(np.array(p) <= 0.1) <= 0.3
    assert min(p) >= 1 / 200


def test_a_right_margin_and_an_unrelated_attribute_find_nothing():
    rng = np.random.default_rng(4)
    firms = sample(rng)
    unrelated = [group((rng.random(1500) < 0.4).astype(float), sign) for sign in (1, 0, -1)]
    found = find_proxies(firms, unrelated, np.ones((6, 6)) - np.eye(6))
    assert len(found) == 18
    assert not any(finding.judgement.verdict.red for finding in found)


def test_the_same_seed_gives_the_same_findings_and_pointers():
    rng = np.random.default_rng(5)
    firms = sample(rng)
    c = [group((rng.random(1500) < expit(firms.X["x5"].to_numpy())).astype(float))]
    one, other = (find_proxies(firms, c, np.ones((6, 6)), seed=7) for _ in range(2))
    assert [f.judgement for f in one] == [f.judgement for f in other]
    assert [f.legs for f in one if f.legs.suspect] == [f.legs for f in other if f.legs.suspect]
    first, second = pointers(firms, c)[0], pointers(firms, c)[0]
    assert (first.strength, first.loads) == (second.strength, second.loads)


def test_equal_risk_is_learnt_crosswise():
    """With outcomes shuffled, a drawn firm's score must not know its own outcome."""
    rng = np.random.default_rng(6)
    firms = sample(rng, n=2000, p=30)
    shuffled = firms.violation.copy()
    shuffled[firms.drawn] = rng.permutation(shuffled[firms.drawn])
    risk = legitimate_risk(
        Sample(
            firms.X,
            firms.margin,
            firms.phi,
            firms.base,
            firms.likelihood,
            firms.drawn,
            shuffled,
            firms.weight,
        )
    )
    assert abs(np.corrcoef(risk[firms.drawn], shuffled[firms.drawn])[0, 1]) < 0.1
    assert set(strata(risk, 1000)) == set(range(6))


def test_only_legitimate_inputs_tell_equal_risk():
    firms = sample(np.random.default_rng(7))
    changed = firms.phi.assign(x5=0.0)
    other = Sample(
        firms.X,
        firms.margin,
        changed,
        firms.base,
        firms.likelihood,
        firms.drawn,
        firms.violation,
        firms.weight,
    )
    named = ["x3", "x4"]
    assert np.array_equal(legitimate_risk(firms, named), legitimate_risk(other, named))
    assert not np.array_equal(legitimate_risk(firms), legitimate_risk(other))
