"""Each leg on arrays small enough to reckon by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, ndtr
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from risk_index.fairness.blocks import blocks, rank_correlation
from risk_index.fairness.earned import earned, given_neighbours, idle_likelihood_ratio, side_by_side
from risk_index.fairness.evidence import Contrast
from risk_index.fairness.gaps import Gaps, adverse, discoveries, gaps, within
from risk_index.fairness.pairs import candidates, joint_strengths
from risk_index.fairness.strength import codes, fold_of, judged, pair_codes, strength
from risk_index.fairness.treatment import equal_treatment, loads

ONE_CELL = np.zeros(4, dtype=np.int64)


def contrast(a: list[float] | np.ndarray, sign: int = 1, kind: str = "binary") -> Contrast:
    return Contrast("group", "", kind, np.asarray(a, dtype=np.float64), sign)


class TestStrength:
    @pytest.mark.parametrize(
        ("a", "auc"),
        [
            ([0, 0, 1, 1], 1.0),  # all 4 pairs in order
            ([0, 1, 0, 1], 0.75),  # 3 of 4
            ([1, 0, 0, 1], 0.5),
            ([1, 1, 0, 0], 0.0),
        ],
    )
    def test_share_of_pairs_in_order(self, a, auc):
        score = np.array([1.0, 2.0, 3.0, 4.0])
        assert judged(score, np.array(a, float), ONE_CELL, ONE_CELL, True).auc == auc

    def test_a_tie_counts_half(self):
        score = np.array([1.0, 2.0, 2.0, 3.0])
        a = np.array([0.0, 0.0, 1.0, 1.0])
        assert judged(score, a, ONE_CELL, ONE_CELL, True).auc == 3.5 / 4

    def test_only_pairs_of_one_stratum_count(self):
        """Across strata the group scores lower; within each it scores higher."""
        score = np.array([1.0, 2.0, 11.0, 12.0, 13.0, 14.0])
        a = np.array([0.0, 1.0, 0.0, 0.0, 1.0, 0.0])
        stratum = np.array([0, 0, 1, 1, 1, 1])
        told = judged(score, a, stratum, np.zeros(6, np.int64), True)
        assert told.auc == pytest.approx((1 + 2) / (1 + 3))

    def test_equals_scikit_learn_in_one_cell(self):
        rng = np.random.default_rng(1)
        a, score = (rng.random(500) < 0.3).astype(float), rng.normal(size=500).round(1)
        cell = np.zeros(500, np.int64)
        assert judged(score, a, cell, cell, True).auc == pytest.approx(roc_auc_score(a, score))

    def test_error_is_hanley_and_mcneils(self):
        """AUC 0.75 of 2 and 2: Q1 = 0.6, Q2 = 9/14; var = (0.1875 + 0.0375 + 9/14 - 0.5625) / 4."""
        told = judged(np.arange(4.0), np.array([0.0, 1, 0, 1]), ONE_CELL, ONE_CELL, True)
        error = np.sqrt((0.1875 + (0.6 - 0.5625) + (9 / 14 - 0.5625)) / 4)
        assert told.auc - told.low == pytest.approx(1.6449 * error)

    def test_of_a_number_is_its_correlation(self):
        a = np.array([-1.0, 0.0, 1.0, 2.0, -2.0, 0.0])
        told = judged(2 * a + 1, a, np.zeros(6, np.int64), np.zeros(6, np.int64), False)
        assert told.r2 == pytest.approx(1)
        half = judged(
            np.array([0.0, 0, 1, 1, 0, 1]), a, np.zeros(6, np.int64), np.zeros(6, np.int64), False
        )
        r = np.corrcoef([0, 0, 1, 1, 0, 1], a)[0, 1]
        assert half.r2 == pytest.approx(r**2)
        assert half.auc == pytest.approx(ndtr(2 * r / np.sqrt(1 - r**2) / np.sqrt(2)))

    def test_binary_and_number_speak_the_same_size(self):
        """Two normal groups d apart: the AUC measured gives the r2 of the group's indicator."""
        rng = np.random.default_rng(2)
        a = np.repeat([0.0, 1.0], 20_000)
        score = 0.6 * a + rng.normal(size=40_000)
        cell = np.zeros(40_000, np.int64)
        assert judged(score, a, cell, cell, True).r2 == pytest.approx(0.36 / 4.36, abs=0.01)
        assert judged(score, a, cell, cell, False).auc == pytest.approx(
            ndtr(0.6 / np.sqrt(2)), abs=0.01
        )

    @pytest.mark.parametrize(
        ("auc", "n", "grade"),
        [(0.72, 4000, "strong"), (0.62, 4000, "material"), (0.52, 4000, "none")],
    )
    def test_grades(self, auc, n, grade):
        rng = np.random.default_rng(3)
        a = np.repeat([0.0, 1.0], n // 2)
        score = a * np.sqrt(2) * norm.ppf(auc) + rng.normal(size=n)
        assert judged(score, a, np.zeros(n, np.int64), np.zeros(n, np.int64), True).grade == grade

    def test_missing_values_are_a_bin_of_their_own(self):
        x = np.array([3.0, np.nan, 1.0, 2.0, np.nan], dtype=np.float32)
        assert codes(x).tolist() == [3, 0, 1, 2, 0]

    def test_missingness_tells(self):
        rng = np.random.default_rng(4)
        a = (rng.random(3000) < 0.4).astype(float)
        x = np.where(rng.random(3000) < 0.1 + 0.4 * a, np.nan, rng.normal(size=3000))
        stratum = np.zeros(3000, np.int64)
        assert (
            strength(codes(x.astype(np.float32)), contrast(a), stratum, fold_of(3000, 0)).auc > 0.65
        )

    def test_a_constant_tells_nothing(self):
        a = np.tile([0.0, 1.0], 300)
        told = strength(
            np.ones(600, np.int64), contrast(a), np.zeros(600, np.int64), fold_of(600, 0)
        )
        assert told.auc == 0.5
        assert not told.met

    def test_firms_of_unknown_group_are_left_out(self):
        a = np.array([0.0, 1.0] * 200 + [np.nan] * 100)
        x = np.nan_to_num(a, nan=5.0).astype(np.float32)
        told = strength(codes(x), contrast(a), np.zeros(500, np.int64), fold_of(500, 0))
        assert told.auc == 1.0


class TestGap:
    phi = np.array([[0.0], [1.0], [2.0], [3.0]])

    def test_one_stratum_is_the_difference_of_means(self):
        found = gaps(self.phi, contrast([0, 0, 1, 1]), ONE_CELL, np.array([0.0, 0, 2, 2]))
        assert found.gap[0] == pytest.approx(2.5 - 0.5)
        assert found.share[0] == pytest.approx(2.0)  # the margin's standard deviation is 1

    def test_strata_weigh_as_n_in_n_out_over_n(self):
        phi = np.array([[0.0], [1.0], [0.0], [0.0], [4.0], [4.0]])
        stratum = np.array([0, 0, 1, 1, 1, 1])
        found = gaps(phi, contrast([0, 1, 0, 0, 1, 1]), stratum, np.arange(6.0))
        assert found.gap[0] == pytest.approx((0.5 * 1 + 1.0 * 4) / 1.5)

    def test_a_difference_between_strata_is_no_gap(self):
        phi = np.array([[0.0], [0.0], [9.0], [9.0], [9.0]])
        found = gaps(phi, contrast([0, 1, 0, 1, 1]), np.array([0, 0, 1, 1, 1]), np.arange(5.0))
        assert found.gap[0] == pytest.approx(0)
        assert found.p[0] == pytest.approx(0.5)

    def test_null_is_that_of_all_permutations_within_strata(self):
        rng = np.random.default_rng(5)
        phi, stratum = rng.normal(size=(7, 2)), np.array([0, 0, 0, 0, 1, 1, 1])
        a = np.array([1.0, 0, 0, 1, 0, 1, 0])
        permuted = [
            gaps(phi, contrast([*first, *second]), stratum, phi[:, 0]).gap
            for first in itertools.permutations(a[:4])
            for second in itertools.permutations(a[4:])
        ]
        found = gaps(phi, contrast(a), stratum, phi[:, 0])
        assert np.mean(permuted, axis=0) == pytest.approx(np.zeros(2), abs=1e-12)
        assert found.null == pytest.approx(np.std(permuted, axis=0))

    def test_of_a_number_is_the_slope(self):
        a = np.array([-1.0, 0.0, 1.0, 3.0])
        found = gaps(2 * a[:, None] + 5, contrast(a, kind="continuous"), ONE_CELL, a)
        assert found.gap[0] == pytest.approx(2)

    @pytest.mark.parametrize(
        ("sign", "met"), [(1, [True, False]), (-1, [False, True]), (0, [True, True])]
    )
    def test_direction(self, sign, met):
        flat = np.zeros(2)
        found = Gaps(np.array([0.03, -0.03]), flat, flat, np.array([1e-9, 1e-9]), flat)
        assert adverse(contrast([0, 1], sign), found).tolist() == met

    def test_a_small_gap_is_none_however_sure(self):
        flat = np.zeros(2)
        found = Gaps(np.array([0.019, 0.021]), flat, flat, np.array([1e-9, 1e-9]), flat)
        assert discoveries([(contrast([0, 1]), found)])[0].tolist() == [False, True]

    def test_false_discoveries_are_held_over_all_contrasts(self):
        """0.012 is a discovery at 5 % among two tests, and none among ten (0.012 x 10 > 0.05)."""
        flat = np.zeros(2)
        few = Gaps(np.array([0.1, 0.1]), flat, flat, np.array([0.012, 0.9]), flat)
        null = Gaps(np.array([0.1, 0.1]), flat, flat, np.array([0.9, 0.9]), flat)
        c = contrast([0, 1])
        assert discoveries([(c, few)])[0].tolist() == [True, False]
        assert not discoveries([(c, few), *[(c, null)] * 4])[0].any()
        assert discoveries([]) == []

    def test_within_takes_out_the_stratum_mean(self):
        assert within(np.array([[1.0], [3.0], [10.0]]), np.array([4, 4, 2]))[:, 0].tolist() == [
            -1,
            1,
            0,
        ]


class TestEarned:
    def draw(self, n=4000, weights=(1.0, 0.0), seed=6):
        rng = np.random.default_rng(seed)
        phi = rng.normal(size=(n, 2)) * 0.5
        rest = rng.normal(size=n) * 0.5 - 1
        margin = rest + phi.sum(axis=1)
        found = (rng.random(n) < expit(rest + phi @ np.array(weights))).astype(float)
        return phi, margin, found

    def test_equals_an_unpenalised_logistic_regression(self):
        phi, margin, found = self.draw()
        weight = np.random.default_rng(7).uniform(0.5, 2, len(found))
        suspects = np.array([True, False])
        ours = earned(phi, suspects, 0, margin, found, weight)
        design = np.column_stack([margin - phi[:, 0], phi[:, 0]])
        theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=500).fit(design, found, weight)
        assert ours.beta == pytest.approx(theirs.coef_[0, 1], abs=1e-4)
        assert (ours.n, ours.violations) == (4000, int(found.sum()))

    def test_honest_earns_one_and_a_proxy_nothing(self):
        phi, margin, found = self.draw(n=20_000)
        both = np.array([True, True])
        honest, proxy = (earned(phi, both, k, margin, found, np.ones(20_000)) for k in (0, 1))
        assert abs(honest.beta - 1) < 3 * honest.error
        assert abs(proxy.beta) < 3 * proxy.error
        assert honest.low > 0
        assert proxy.high < 1
        assert honest.likelihood_ratio < 1e-3 < 1e2 < proxy.likelihood_ratio

    def test_weights_are_scale_free(self):
        phi, margin, found = self.draw(n=500)
        one = np.array([True, False])
        first = earned(phi, one, 0, margin, found, np.ones(500))
        second = earned(phi, one, 0, margin, found, np.full(500, 37.0))
        assert (first.beta, first.error) == pytest.approx((second.beta, second.error))

    def test_the_same_draw_four_times_says_no_more_than_once(self):
        phi, margin, found = self.draw(n=800)
        weight = np.random.default_rng(7).uniform(0.5, 2, 800)
        one, owner = np.array([True, False]), np.arange(800) + 10**17
        once = earned(phi, one, 0, margin, found, weight, owner)
        times = np.tile(np.arange(800), 4)
        rows = phi[times], one, 0, margin[times], found[times], weight[times]
        again = earned(*rows, owner[times])
        assert (again.beta, again.error) == pytest.approx((once.beta, once.error), rel=1e-6)
        assert earned(*rows).error == pytest.approx(once.error / 2, rel=1e-6)

    def test_rows_of_their_own_controllers_have_the_usual_robust_error(self):
        phi, margin, found = self.draw(n=800)
        weight = np.random.default_rng(7).uniform(0.5, 2, 800)
        both, owner = np.array([True, True]), np.random.default_rng(8).permutation(800)
        mine = earned(phi, both, 0, margin, found, weight, owner)
        theirs = earned(phi, both, 0, margin, found, weight)
        assert mine.error == pytest.approx(theirs.error, rel=1e-6)
        assert mine.likelihood_ratio == pytest.approx(theirs.likelihood_ratio, rel=1e-5)

    def test_error_is_close_to_the_power_formula(self):
        """Var(beta) is about 1 / (n p (1 - p) Var phi); needed rows are 6.2 times that per row."""
        phi, margin, found = self.draw(n=5000)
        p = found.mean()
        ours = earned(phi, np.array([True, False]), 0, margin, found, np.ones(5000))
        formula = 6.18 / (p * (1 - p) * phi[:, 0].var())
        assert ours.needed == pytest.approx(formula, rel=0.25)

    def test_a_contribution_that_never_moves_cannot_be_judged(self):
        phi, margin, found = self.draw(n=200)
        phi[:, 0] = 0.3
        ours = earned(phi, np.array([True, False]), 0, margin, found, np.ones(200))
        assert np.isinf(ours.error)
        assert ours.likelihood_ratio == 1

    def test_two_idle_suspects_that_cancel_are_both_told(self):
        """With its partner hidden in the rest, either would seem to earn half its weight."""
        rng = np.random.default_rng(8)
        n = 20_000
        common = rng.normal(size=n)
        phi = np.column_stack([common, -common]) * 0.3 + 0.2 * rng.normal(size=(n, 2))
        rest = rng.normal(size=n) - 1
        found = (rng.random(n) < expit(rest)).astype(float)
        margin, ones = rest + phi.sum(axis=1), np.ones(n)
        alone = earned(phi, np.array([True, False]), 0, margin, found, ones)
        beside = earned(phi, np.array([True, True]), 0, margin, found, ones)
        assert alone.beta > 0.4
        assert abs(beside.beta) < 0.25

    def test_likelihood_ratio_of_one_weight(self):
        """Normal densities of 0.3 about 0, and about 0.8 with the spread of honest weights added."""
        expected = norm.pdf(0.3, 0, 0.4) / norm.pdf(0.3, 0.8, np.hypot(0.4, 0.25))
        ours = idle_likelihood_ratio(np.array([0.3]), np.array([[0.16]]))
        assert ours == pytest.approx(expected)

    def test_likelihood_ratio_does_not_depend_on_an_independent_neighbour(self):
        alone = idle_likelihood_ratio(np.array([0.3]), np.array([[0.16]]))
        with_other = idle_likelihood_ratio(np.array([0.3, 0.9]), np.diag([0.16, 0.04]))
        assert with_other == pytest.approx(alone)

    def test_given_neighbours(self):
        alone = given_neighbours(np.array([0.3]), np.array([[0.16]]))
        assert alone == pytest.approx((0.3, 0.4))
        covariance = np.array([[0.5, 0.4], [0.4, 0.5]])
        beta, error = given_neighbours(np.array([1.0, 1.0]), covariance)
        # the neighbour: estimate 1 +- sqrt(0.5), prior 0.5 +- 0.5 -> 0.6667, variance 1/6
        assert beta == pytest.approx(1 + 0.8 * (2 / 3 - 1))
        assert error**2 == pytest.approx(0.5 - 0.4**2 / 0.5 + 0.8**2 / 6)

    def test_neighbours_stand_beside_and_twins_within(self):
        rng = np.random.default_rng(9)
        base = rng.normal(size=500)
        noisy = -base + 0.1 * rng.normal(size=500)
        phi = np.column_stack([base, noisy, rng.normal(size=500), 2 * base])
        shares, others = side_by_side(phi, np.array([True, True, True, False]), 0)
        assert len(shares) == 2
        assert np.array_equal(shares[1], noisy)
        assert np.array_equal(others, phi[:, 2])
        shares, _ = side_by_side(phi, np.array([True, True, True, True]), 0)
        assert np.allclose(shares[0], 3 * base)
        assert len(shares) == 2

    def test_every_input_suspect_leaves_no_rest(self):
        phi, _, found = self.draw(n=1000)
        both = np.array([True, True])
        ours = earned(phi, both, 0, phi.sum(axis=1), found, np.ones(1000))
        assert np.isfinite(ours.error)


class TestBlocksAndPairs:
    def test_inputs_that_move_together_are_a_block(self):
        rng = np.random.default_rng(10)
        base = rng.normal(size=400)
        X = pd.DataFrame(
            {"a": base, "b": rng.normal(size=400), "c": -(base**3), "d": rng.normal(size=400)}
        )
        assert blocks(X) == [("a", "c")]
        assert blocks(X[["a"]]) == []

    def test_rank_correlation_is_spearmans(self):
        X = pd.DataFrame(np.random.default_rng(11).normal(size=(50, 3)).round(1))
        assert rank_correlation(X) == pytest.approx(X.corr("spearman").to_numpy())

    def test_a_constant_or_empty_input_is_in_no_block(self):
        rng = np.random.default_rng(12)
        X = pd.DataFrame({"a": rng.normal(size=60), "b": np.ones(60), "c": np.full(60, np.nan)})
        assert blocks(X) == []

    def test_candidates_are_the_pairs_on_one_path_best_first(self):
        gain = np.array([[0.0, 2, 0], [2, 0, 5], [0, 5, 0]])
        assert candidates(gain) == [(1, 2), (0, 1)]
        assert candidates(gain, most=1) == [(1, 2)]

    def test_pair_codes_are_one_to_one(self):
        x = np.array([0, 0, 1, 1, np.nan], dtype=np.float32)
        y = np.array([0, 1, 0, 1, 0], dtype=np.float32)
        assert len(np.unique(pair_codes(x, y))) == 5

    def test_exclusive_or_is_told_by_the_pair_alone(self):
        rng = np.random.default_rng(13)
        X = rng.integers(0, 2, size=(4000, 3)).astype(np.float32)
        a = ((X[:, 0] != X[:, 1]) ^ (rng.random(4000) < 0.1)).astype(float)
        stratum, fold = np.zeros(4000, np.int64), fold_of(4000, 0)
        alone = [strength(codes(X[:, k]), contrast(a), stratum, fold) for k in range(3)]
        joint = joint_strengths(X, [(0, 1), (0, 2), (1, 2)], alone, contrast(a), stratum, fold)
        assert not any(s.met for s in alone)
        assert sorted(joint) == [0, 1]
        assert joint[0].partner == 1
        assert joint[0].strength.auc > 0.85

    def test_noise_adds_nothing_to_a_partner_that_tells(self):
        rng = np.random.default_rng(14)
        a = (rng.random(4000) < 0.4).astype(float)
        X = np.column_stack([a + rng.normal(size=4000), rng.normal(size=4000)]).astype(np.float32)
        stratum, fold = np.zeros(4000, np.int64), fold_of(4000, 0)
        alone = [strength(codes(X[:, k]), contrast(a), stratum, fold) for k in range(2)]
        assert 1 not in joint_strengths(X, [(0, 1)], alone, contrast(a), stratum, fold)


class TestPointers:
    def test_load_is_a_covariance_over_the_margins_variance(self):
        phi = np.array([[0.0, 1.0], [2.0, 1.0], [0.0, 1.0], [2.0, 1.0]])
        told = np.array([-0.5, 0.5, 0.0, 1.0])
        found = loads(phi, told, np.array([0, 0, 1, 1]), np.array([0.0, 2.0, 0.0, 2.0]))
        assert found == pytest.approx([0.5, 0.0])

    def test_equal_treatment_sees_a_group_in_the_contributions(self):
        rng = np.random.default_rng(15)
        a = (rng.random(2000) < 0.4).astype(float)
        phi = np.column_stack([0.5 * a + rng.normal(size=2000), rng.normal(size=2000)])
        found = equal_treatment(phi, contrast(a), np.zeros(2000, np.int64))
        assert found.met
        assert found.auc == pytest.approx(ndtr(0.5 / np.sqrt(2)), abs=0.03)

    def test_equal_treatment_forgives_what_equal_risk_explains(self):
        rng = np.random.default_rng(16)
        stratum = rng.integers(0, 5, 3000)
        a = (rng.random(3000) < 0.1 + 0.2 * stratum).astype(float)
        phi = (stratum + 0.3 * rng.normal(size=3000))[:, None]
        assert not equal_treatment(phi, contrast(a), stratum).met
