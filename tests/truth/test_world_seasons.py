"""Seasons after as_of: what visits find follows the truth, and policies differ by their visits alone."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from features.records import open_records
from features.schema import BY_NAME
from risk_index.errors import SettingsError
from risk_index.world import PLANTED, World, WorldError, begin, load_world_settings, write_world

SEED = 21
ENDS = {"repaired_on", "revoked_on", "removed_on", "status", "status_changed_on"}
"""What may be added to a row after it was recorded, on its day."""


def visits(firms: pd.Series, selection: str = "random", chance: float = 0.5) -> pd.DataFrame:
    """Visits to some firms, all of one kind."""
    known = chance if selection == "random" else np.nan
    return pd.DataFrame(
        {"firm_id": firms, "selection": selection, "inclusion_probability": known}
    ).reset_index(drop=True)


def table(world: World, name: str) -> pd.DataFrame:
    return world.records[name].to_pandas()


def hashes(folder: Path) -> dict[str, str]:
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.rglob("*.*")}


@pytest.fixture(scope="module")
def start() -> World:
    return begin(load_world_settings(), 3000, SEED)


@pytest.fixture(scope="module")
def everyone(start: World) -> World:
    """After a season in which every firm was visited."""
    return start.step(visits(start.truth.firm_id))


@pytest.fixture(scope="module")
def nobody(start: World) -> World:
    """After a season in which no firm was visited but after complaints."""
    return start.step(visits(start.truth.firm_id.head(0)))


# ---- the truth shows in what is found ------------------------------------------------------------


def test_what_visits_find_follows_the_truth_of_the_season(start: World, everyone: World) -> None:
    seen = everyone.seen.merge(start.truth, on="firm_id")
    assert len(seen) > 2800
    seen["fifth"] = pd.qcut(seen.likelihood, 5, labels=False)
    for part in [seen, *(part for _, part in seen.groupby("fifth"))]:
        spread = np.sqrt((part.likelihood * (1 - part.likelihood)).sum())
        assert abs((part.violation - part.likelihood).sum()) < 3.3 * spread
    ratio = (seen.harm / seen.severity)[seen.violation == 1]
    assert abs(ratio.mean() - 1) < 3 * ratio.std() / np.sqrt(len(ratio))


def test_a_violation_found_deters_and_a_clean_visit_does_not(
    everyone: World, nobody: World
) -> None:
    """Both worlds have the same luck: true odds differ by deterrence alone, and to the digit."""
    both = everyone.truth.merge(nobody.truth, on="firm_id", suffixes=("", "_unseen"))
    both = both[both.likelihood > 0].set_index("firm_id")
    fall = logit(both.likelihood_unseen) - logit(both.likelihood)
    found = everyone.seen.set_index("firm_id").violation.reindex(both.index).fillna(0)
    assert found.sum() > 200
    others = table(nobody, "inspections")
    complained = set(others.firm_id[others.inspected_on > dt.date(2026, 6, 30)])
    plain = ~both.index.isin(complained)
    knob = load_world_settings().deterrence_log_odds
    before = fall[plain & (found == 1).to_numpy()]
    # a violation found the year before already lowers by half: the fresh one adds the rest
    assert set(before.round(9)) == {knob, knob / 2}
    assert (before.round(9) == knob).mean() > 0.8
    np.testing.assert_allclose(fall[plain & (found == 0).to_numpy()], 0, atol=1e-9)


def test_deterrence_halves_and_ends(everyone: World, nobody: World) -> None:
    none = visits(everyone.truth.firm_id.head(0))
    found = everyone.seen.set_index("firm_id").violation
    falls = []
    for _ in range(2):
        everyone, nobody = everyone.step(none), nobody.step(none)
        both = everyone.truth.merge(nobody.truth, on="firm_id", suffixes=("", "_unseen"))
        both = both[both.likelihood > 0].set_index("firm_id")
        fall = logit(both.likelihood_unseen) - logit(both.likelihood)
        falls.append(fall[found.reindex(both.index).fillna(0) == 1].round(9).mode()[0])
    assert falls == [load_world_settings().deterrence_log_odds / 2, 0]


def test_over_citing_shows_at_chosen_visits_alone() -> None:
    settings = load_world_settings(**{**PLANTED, "bad_reviews_suspicion": 0.0})
    world = begin(settings, 3000, SEED)
    older = settings.as_of.year - world.attributes.legal_rep_birth_year >= settings.older_rep_age
    for selection, least, most in (("random", -0.04, 0.04), ("directed", 0.1, 1.0)):
        seen = world.step(visits(world.truth.firm_id, selection)).seen.merge(world.truth)
        off = (seen.violation - seen.likelihood).groupby(
            seen.firm_id.isin(world.attributes.firm_id[older])
        )
        assert least < off.mean()[True] < most
        assert abs(off.mean()[False]) < 0.03


# ---- common luck ---------------------------------------------------------------------------------


def test_a_firm_meets_the_same_luck_under_another_policy(start: World, everyone: World) -> None:
    few = start.truth.firm_id.iloc[::7]
    part = start.step(visits(few)).seen.set_index("firm_id")
    whole = everyone.seen.set_index("firm_id").loc[part.index]
    pd.testing.assert_frame_equal(part, whole)


def test_penalties_of_firms_that_nobody_visits_are_the_same(start: World, nobody: World) -> None:
    """Over two seasons: in the second, deterred firms come to light less, and shift no other's luck."""
    few = set(start.truth.firm_id.iloc[::7])
    none, kept = visits(start.truth.firm_id.head(0)), []
    part = start.step(visits(pd.Series(sorted(few))))
    for world in (part.step(none), nobody.step(none)):
        penalties = table(world, "penalties").drop(columns=["penalty_id", "decision_number"])
        kept.append(penalties[~penalties.firm_id.isin(few)].reset_index(drop=True))
    pd.testing.assert_frame_equal(*kept)
    assert len(table(part, "penalties")) > len(table(nobody, "penalties"))
    assert (kept[0].recorded_on > nobody.as_of).sum() > 50


def test_visits_of_a_firm_in_one_season_have_each_their_own_luck(start: World) -> None:
    firms = start.truth.firm_id.head(500)
    once = start.step(visits(firms)).seen
    twice = start.step(pd.concat([visits(firms), visits(firms)])).seen
    days = twice.groupby("firm_id").inspected_on.nunique()
    assert (days == 2).mean() > 0.95
    both = once.merge(twice.drop_duplicates(), how="inner")
    assert len(both) == len(once)


# ---- records -------------------------------------------------------------------------------------


def test_before_the_first_season_the_world_is_that_of_write_world(tmp_path: Path) -> None:
    settings = load_world_settings(chunk_firms=250)
    begin(settings, 600, 4).write(tmp_path / "begun")
    write_world(tmp_path / "written", 600, 4, settings)
    assert hashes(tmp_path / "begun") == hashes(tmp_path / "written")


def test_the_same_visits_in_any_order_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        world = begin(load_world_settings(chunk_firms=250), 600, 4)
        for season in range(2):
            firms = world.truth.firm_id.iloc[season::3]
            plan = pd.concat([visits(firms), visits(firms.head(20), "directed")])
            if name == "two":
                plan = plan.sample(frac=1, random_state=season)
            world = world.step(plan)
        world.write(tmp_path / name)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")


def test_a_season_adds_rows_and_changes_none_but_by_ends_of_its_own_days(
    start: World, everyone: World
) -> None:
    later = everyone.step(visits(start.truth.firm_id.iloc[::5]))
    for early, late in ((start, everyone), (everyone, later)):
        for name in BY_NAME:
            old, new = table(early, name), table(late, name)
            again = new[new.recorded_on <= early.as_of].reset_index(drop=True)
            same = [column for column in old if column not in ENDS]
            pd.testing.assert_frame_equal(old[same], again[same])
            for end in ENDS & set(old) - {"status"}:
                changed = old[end].fillna(dt.date.max) != again[end].fillna(dt.date.max)
                assert old[end][changed].isna().all()
                assert (again[end][changed] > early.as_of).all()
            assert len(new) > len(old)
            assert new.recorded_on.max() <= late.as_of


def test_given_visits_replace_planned_ones_and_others_go_on(
    start: World, everyone: World, nobody: World
) -> None:
    for world, given in ((everyone, True), (nobody, False)):
        rows = table(world, "inspections")
        new = rows[rows.inspected_on > start.as_of]
        kinds = set(new.selection)
        assert {"complaint", "follow_up"} <= kinds
        assert kinds - {"complaint", "follow_up"} == ({"random"} if given else set())
    new = table(everyone, "inspections").query("selection == 'random'")
    drawn = new[new.inspected_on > start.as_of]
    assert (drawn.inclusion_probability == 0.5).all()
    assert set(drawn.firm_id) <= set(everyone.seen.firm_id)
    assert 0.93 < len(drawn) / len(everyone.seen) < 1  # the last ones are recorded next season


def test_records_of_later_seasons_pass_every_check(tmp_path: Path, everyone: World) -> None:
    later = everyone.step(visits(everyone.truth.firm_id.iloc[::4], "directed"))
    summary = later.write(tmp_path / "w")
    assert (later.season, later.as_of, summary.as_of) == (2, dt.date(2028, 6, 30), "2028-06-30")
    with open_records(tmp_path / "w" / "records", today=later.as_of) as checked:
        found = checked.quality.failures
        assert {failure.action for failure in found} <= {"noted"}
        rules = {re.sub(r"^credit_portal and \w+ ", "", failure.rule) for failure in found}
        assert rules <= {"disagree on one decision", "one name in one region under several ids"}


def test_firms_close_and_change_in_seasons_and_closed_ones_are_not_visited() -> None:
    world = begin(load_world_settings(closure_rate=0.2, change_share=0.9), 800, 3)
    open_then = world.truth[world.truth.likelihood > 0].firm_id
    after = world.step(visits(world.truth.firm_id))
    open_now = after.truth[after.truth.likelihood > 0].firm_id
    assert 0.7 < len(open_now) / len(open_then) < 0.9
    assert set(after.seen.firm_id) < set(open_then)
    assert set(open_now) < set(after.seen.firm_id)
    closed = table(after, "firms").dropna(subset="closed_on").set_index("firm_id").closed_on
    both = table(after, "inspections").merge(closed.reset_index(), on="firm_id")
    assert (both.inspected_on < both.closed_on).all()
    ended = table(after, "permits").merge(closed.reset_index(), on="firm_id")
    ended = ended[ended.status_changed_on == ended.closed_on]
    assert (ended.closed_on > world.as_of).sum() > 50
    assert (ended.status == "cancelled").mean() > 0.98  # the others' terms ended on that very day
    more, before = (table(w, "firms").groupby("firm_id").size()[open_then] for w in (after, world))
    changed = (more > before).to_numpy() & open_then.isin(open_now).to_numpy()
    assert 0.01 < changed.mean() < 0.09


# ---- knobs of the seasons ------------------------------------------------------------------------


def test_drift_moves_all_firms_of_a_sector_alike_and_nothing_before_it() -> None:
    worlds = [begin(load_world_settings(sector_drift_sd=sd), 1500, 8) for sd in (0.0, 1.0)]
    pd.testing.assert_frame_equal(worlds[0].truth, worlds[1].truth)
    none = visits(worlds[0].truth.firm_id.head(0))
    for _ in range(2):
        worlds = [world.step(none) for world in worlds]
    sector = table(worlds[0], "firms").drop_duplicates("firm_id", keep="last")
    odds = [logit(world.truth.set_index("firm_id").likelihood) for world in worlds]
    seen = sector.set_index("firm_id").sector
    found = {n for w in worlds for n in table(w, "inspections").query(
        "violation == 1 and inspected_on > @dt.date(2026, 6, 30)").firm_id}  # fmt: skip
    shift = (odds[1] - odds[0])[lambda x: np.isfinite(x) & ~x.index.isin(found)]
    by_sector = shift.groupby(seen.reindex(shift.index))
    assert (by_sector.median().abs() > 0.2).sum() > 10
    assert (abs(shift - by_sector.transform("median")) < 1e-9).mean() > 0.95


def test_attacked_reviews_fall_by_the_worst_marks_and_touch_no_truth() -> None:
    settings = load_world_settings(attacked_share=1.0, attack_reviews=5)
    world, calm = begin(settings, 400, 2), begin(load_world_settings(), 400, 2)
    pd.testing.assert_frame_equal(world.attributes, calm.attributes)
    after = world.step(visits(world.truth.firm_id.head(0)))
    still = calm.step(visits(world.truth.firm_id.head(0)))
    old, new = world.attributes, after.attributes
    assert (new.n_reviews == old.n_reviews + 5).all()
    mean = (old.n_reviews * old.sentiment_score.fillna(0) - 5) / new.n_reviews
    np.testing.assert_allclose(new.sentiment_score, mean, atol=5e-4)
    pd.testing.assert_frame_equal(after.truth, still.truth)


# ---- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"firm_id": "nobody"}, "no firm of this registry: 3 of 3 visits, first .'nobody'"),
        ({"selection": "complaint"}, "one of random, routine, directed"),
        ({"inclusion_probability": np.nan}, "a random visit needs its inclusion_probability"),
        ({"inclusion_probability": 1.5}, "must lie in"),
    ],
)
def test_visits_that_cannot_be_are_refused(start: World, change, message) -> None:
    with pytest.raises(WorldError, match=message):
        start.step(visits(start.truth.firm_id.head(3)).assign(**change))
    with pytest.raises(WorldError, match="lack the columns selection"):
        start.step(visits(start.truth.firm_id.head(3)).drop(columns="selection"))


def test_knobs_of_the_seasons_are_checked() -> None:
    with pytest.raises(SettingsError, match="attacked_share is 2"):
        load_world_settings(attacked_share=2)
