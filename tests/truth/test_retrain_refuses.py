"""A planted regression of each kind is refused for its own reason, and a good challenger passes.

The world is honest; a champion was fitted half a year before. Challengers learn from the same world, as
it is or with something planted in its records, in the labels or in the code that calibrates.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.examples import Examples
from models.fitted import FittedModel
from risk_index.judgement import judge
from risk_index.pipeline import Fit, Source, fit_with_examples
from risk_index.release.evidence import Champion, Looked, ruling
from risk_index.release.limits import load_limits
from risk_index.release.log import read_log
from risk_index.release.repeated import repeated
from risk_index.release.verdicts import GatesRefuse, Ruling
from risk_index.settings import load_settings
from risk_index.tracking import CHAMPION, Registry
from risk_index.training import fit_models
from tests.truth.retrain_worlds import FIRST, LATER, altered, of, retrained, small_world

pytestmark = pytest.mark.slow
FIRMS, SEED = 2500, 1


@dataclass(frozen=True)
class World:
    """An honest registry, its champion, and a fit half a year later that is not registered."""

    records: Path
    registry: Path
    first: Ruling
    later: Fit
    champion: Champion

    @property
    def source(self) -> Source:
        return Source(self.records, settings=self.records.parents[1] / "few.yaml")

    def ruled(self, fit: Fit) -> Ruling:
        settings, limits = load_settings(LATER, self.source.settings), load_limits(LATER)
        return ruling(
            Looked(self.source, fit, settings, limits, self.champion, None), lambda _: None
        )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("retrain")
    records = small_world(folder, FIRMS, SEED)
    first = retrained(records, FIRST, folder / "registry", folder / "first")
    source = Source(records, settings=folder / "few.yaml")
    later = fit_with_examples(source, LATER, folder / "later", lambda _: None)
    registry = Registry(str(folder / "registry"))
    with registry.opened(1) as fit:
        champion = Champion.read(fit)
    return World(records, folder / "registry", first, later, champion)


def relearnt(world: World, examples: Examples) -> Fit:
    """The later fit learnt and judged again from other examples."""
    plan = load_settings(LATER, world.source.settings).plan
    training = replace(world.later.training, examples=examples)
    days = training.calendar
    model = replace(fit_models(examples, LATER, days.slice_days, plan), meta=world.later.model.meta)
    return replace(world.later, training=training, model=model, judgement=judge(training, plan))


def test_the_first_fit_of_an_honest_world_becomes_champion(world: World) -> None:
    assert world.first.promotes
    assert world.first.champion == ""
    assert {v.name for v in world.first.verdicts if v.status == "not run"} == {
        "harm", "proxies", "churn", "sentinels", "drift", "unit",
    }  # fmt: skip
    held = Registry(str(world.registry)).holder(CHAMPION)
    assert held is not None
    assert held.model_version == world.first.challenger
    assert [entry.action for entry in read_log(world.registry / "decisions.jsonl")] == ["promote"]
    said = (world.registry.parent / "first" / "verdict.md").read_text(encoding="utf-8")
    assert said.startswith(f"# Promote: challenger {world.first.challenger}, no champion yet")


def test_an_honest_challenger_passes_every_gate(world: World) -> None:
    found = world.ruled(world.later)
    assert found.refusing == ()
    assert found.champion == world.first.challenger
    assert {v.name for v in found.verdicts if v.status == "not run"} == {"proxies"}
    assert abs(of(found, "reporting").figure or 1) < 0.1
    assert (of(found, "fine").figure or 9) <= 5


def test_shuffled_labels_are_refused_as_no_better_than_chance(world: World) -> None:
    examples = world.later.training.examples
    turn = np.random.default_rng(5).permutation(len(examples))
    mixed = replace(examples, violation=examples.violation[turn], harm=examples.harm[turn])
    found = world.ruled(relearnt(world, mixed))
    assert "chance" in found.refusing
    assert of(found, "leak").status == "passed"
    assert of(found, "unit").status == "passed"
    with pytest.raises(GatesRefuse, match="The labels tell nothing of the inputs"):
        found.refuse("verdict.md")


def test_a_broken_calibration_is_refused_by_that_gate_alone(world: World) -> None:
    def steep(model: FittedModel) -> FittedModel:
        was = model.likelihood.calibrator
        broken = replace(was, a=4 * was.a, b=4 * was.b, c=4 * was.c)
        return replace(model, likelihood=replace(model.likelihood, calibrator=broken))

    judgement = world.later.judgement
    assert judgement.model is not None
    fit = replace(world.later, judgement=replace(judgement, model=steep(judgement.model)))
    found = world.ruled(fit)
    assert found.refusing == ("calibration",)
    assert (of(found, "calibration").figure or 1) < 0.4


def test_a_card_with_an_empty_field_is_refused_by_that_gate_alone(world: World) -> None:
    facts = world.later.facts
    empty = facts | {"authority": facts["authority"] | {"legal_basis": "", "owner": ""}}
    found = world.ruled(replace(world.later, facts=empty))
    assert found.refusing == ("card",)
    with pytest.raises(GatesRefuse, match=r"authority\.owner, authority\.legal_basis\. Give them"):
        found.refuse("verdict.md")


def test_a_fit_that_hangs_on_something_else_than_its_examples_is_refused(world: World) -> None:
    """A model with another number of trees stands for what a thread, a clock or a lost seed would do."""
    model = world.later.model
    other = replace(model, likelihood=replace(model.likelihood, rounds=model.likelihood.rounds - 1))
    plan = load_settings(LATER, world.source.settings).plan
    assert repeated(model, world.later.training, plan).status == "passed"
    found = repeated(other, world.later.training, plan)
    assert found.status == "refused"
    assert "other bytes in ['model.json']" in found.sentence


def test_a_leak_is_refused_as_too_good_to_be_true(world: World) -> None:
    """Every violation has an irregularity, listed a year before the visit and removed after it."""
    visits = pd.read_parquet(world.records / "inspections.parquet")
    hit = visits[visits.violation == 1]
    listed = pd.to_datetime(hit.inspected_on) - pd.Timedelta(days=360)
    planted = pd.DataFrame(
        {
            "firm_id": hit.firm_id,
            "reason": "unreachable",
            "listed_on": listed.dt.date,
            "removed_on": (pd.to_datetime(hit.inspected_on) + pd.Timedelta(days=5)).dt.date,
            "recorded_on": listed.dt.date,
        }
    ).drop_duplicates(["firm_id", "listed_on"])
    leaking = altered(
        world.records,
        "leaking",
        irregularities=lambda t: pd.concat([t, planted], ignore_index=True),
    )
    out = world.registry.parent / "leaking"
    found = retrained(leaking, LATER, world.registry, out)
    assert "leak" in found.refusing
    assert of(found, "chance").status == "passed"
    assert "irregularit" in of(found, "leak").sentence
    told = json.loads((out / "verdict.json").read_text(encoding="utf-8"))
    assert told["verdict"] == "refuse"
    assert told["refused_by"] == list(found.refusing)
    held = Registry(str(world.registry)).holder(CHAMPION)
    assert held is not None
    assert held.model_version == world.first.challenger
    last = read_log(world.registry / "decisions.jsonl")[-1]
    assert (last.action, last.why) == ("refuse", f"refused by {', '.join(found.refusing)}")


def test_a_changed_unit_is_refused_and_named(world: World) -> None:
    """Fines and capital come in ten-thousandths of what they were, as 10,000 yuan read as yuan."""
    scaled = altered(
        world.records,
        "scaled",
        penalties=lambda t: t.assign(fine=t.fine * 1e4, statutory_max=t.statutory_max * 1e4),
        firms=lambda t: t.assign(registered_capital=t.registered_capital * 1e4),
    )
    found = retrained(scaled, LATER, world.registry, world.registry.parent / "scaled")
    assert "unit" in found.refusing
    assert of(found, "unit").figure == pytest.approx(1e4, rel=0.5)
    assert "registered_capital by 1e+04" in of(found, "unit").sentence
    assert of(found, "chance").status == of(found, "leak").status == "passed"


def test_the_same_seed_gives_the_same_bytes_of_model_and_verdict(world: World) -> None:
    folder = world.registry.parent
    retrained(world.records, FIRST, folder / "another registry", folder / "again")
    for name in ("verdict.json", "verdict.md", "distributions.json", "card.md", "card.html"):
        assert (folder / "again" / name).read_bytes() == (folder / "first" / name).read_bytes()
    for part in ("model", "judged"):
        files = sorted(path.name for path in (folder / "first" / part).iterdir())
        assert "manifest.json" in files
        for name in files:
            first, again = (folder / run / part / name for run in ("first", "again"))
            assert first.read_bytes() == again.read_bytes()
