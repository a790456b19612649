"""check, fit, rank, run, demo: short straight functions from records to the ranked CSV."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import risk_index
from features.asof import SectorClass, Snapshot, snapshot_of_registry
from features.begun import MARK, REJECTED
from features.catalogue import in_use
from features.failures import RecordsError
from features.quality import Quality
from features.records import Records
from features.stored import REGISTRY
from models.fitted import FittedModel
from models.refits import fit_refits
from risk_index import scoring, tracking
from risk_index.card import write_card
from risk_index.cluster import Cluster, score_on
from risk_index.distributions import Distributions, RegistrySample, distributions
from risk_index.earlier_ranking import FIRM_AND_TIER
from risk_index.errors import UserError
from risk_index.fit_facts import facts_of_fit
from risk_index.index import IndexScale
from risk_index.judgement import Judgement, judge
from risk_index.kept import CHECKING, Scored, fingerprint, workplace
from risk_index.memory import batch_firms
from risk_index.pictures import draw_pictures
from risk_index.progress import steps
from risk_index.ranked_rows import first_bytes, read_ranked
from risk_index.ranked_xlsx import refuse_other_workbook
from risk_index.ranking import Form, Ranking, refuse_other_file, write_ranking
from risk_index.scoring import expected_harm
from risk_index.settings import Settings, load_settings
from risk_index.source import Source as Source
from risk_index.texts import Texts
from risk_index.training import Plan, TrainingSet, fit_models, training_set
from risk_index.whole_folder import whole_folder
from risk_index.whole_ranking import all_firms, refuse_other_folder

Say = Callable[[str], None]


def check(source: Source, out: Path, keep: bool = False, say: Say = lambda text: None) -> Quality:
    """Check the records; write ``quality.json`` and ``rejected/`` into `out`.

    With `keep` the accepted records stay there too, and `out` is a source for other verbs; where that is
    broken off, finished tables stay in ``OUT.checking``, and the next such check goes on from there.

    Raises
    ------
    RecordsError
        Where the records cannot be used; both are written all the same.
    UserError
        Where `out` holds something else than an earlier report.
    """
    with whole_folder(out, "quality.json") as fresh:
        if keep:
            quality, refused = _checked_and_kept(source, out, fresh, say)
        else:
            quality, refused = _checked(source, fresh / REJECTED)
        (fresh / "quality.json").write_text(quality.as_json(), encoding="utf-8")
    if refused is not None:
        raise refused
    return quality


def _checked_and_kept(
    source: Source, out: Path, fresh: Path, say: Say
) -> tuple[Quality, RecordsError | None]:
    with workplace(out, "checking", CHECKING) as place:
        if (place / MARK).exists():
            say(f"going on with a check that was broken off, if the records are the same ({place})")
        quality, refused = _checked(source, None, place)
        for part in (REJECTED, *([REGISTRY] if refused is None else [])):
            if (place / part).is_dir() and any((place / part).iterdir()):
                (place / part).rename(fresh / part)
    return quality, refused


def _checked(
    source: Source, rejected: Path | None, keep: Path | None = None
) -> tuple[Quality, RecordsError | None]:
    try:
        with source.open(rejected, scratch=keep, keep=keep) as records:
            return records.quality, None
    except RecordsError as error:
        return Quality((), error.failures, error.recognised), error


@dataclass(frozen=True, eq=False)
class Fit:
    """A fit with what it was made from, as `fit_with_examples` returns it.

    Attributes
    ----------
    facts : dict
        What stands in ``metrics.json``, and ``mlflow_run``, None where the store failed.
    model : FittedModel
    training : TrainingSet
    judgement : Judgement
    distributions : Distributions
        Of the inputs and the index on the day of the fit.
    sample : RegistrySample
        Firms of the registry that those rest on.
    """

    facts: dict[str, Any]
    model: FittedModel
    training: TrainingSet
    judgement: Judgement
    distributions: Distributions
    sample: RegistrySample


def fit(
    source: Source,
    as_of: dt.date,
    run: Path,
    say: Say,
    tracking_uri: str | None = None,
    without: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Train both models on what was known by `as_of` and write the folder of the fit.

    Neither model uses the features named in `without`.

    Returns
    -------
    dict
        The facts that stand in ``metrics.json``.
    """
    return fit_with_examples(source, as_of, run, say, tracking_uri, without).facts


def fit_with_examples(
    source: Source,
    as_of: dt.date,
    run: Path,
    say: Say,
    tracking_uri: str | None = None,
    without: tuple[str, ...] = (),
) -> Fit:
    """Do what `fit` does, and return the examples and the judgement besides."""
    settings, sectors = load_settings(as_of, source.settings), source.sectors
    plan = replace(settings.plan, without=without)
    plan.likelihood_inputs()  # a misspelt name is told now, not after the features
    with whole_folder(run, "metrics.json", tracking.KEPT) as fresh:
        say("reading and checking the records")
        with source.open(fresh / "rejected") as records:
            snapshot = registry(records, as_of, settings, sectors)
            say("computing the features of past dates")
            training = training_set(records, as_of, plan, settings.law, sectors)
            sample = RegistrySample()
            model = _learnt(records, snapshot, training, settings, plan, sample, say)
            say("judging on a later date, beside the simple methods")
            judgement = judge(training, plan)
            facts = facts_of_fit(records.quality, model, training, judgement, snapshot)
            facts |= {"authority": settings.authority.model_dump(), "versions": tracking.versions()}
            say("drawing and writing")
            seen = distributions(sample, model, training)
            _write(fresh, records.quality, model, judgement, facts, training.examples.X.tail(5000))
            (fresh / "distributions.json").write_text(seen.as_json(), encoding="utf-8")
    facts["mlflow_run"] = track(run, facts, settings.as_dict(), tracking_uri, say)
    return Fit(facts, model, training, judgement, seen, sample)


def registry(
    records: Records, as_of: dt.date, settings: Settings, sectors: tuple[SectorClass, ...]
) -> Snapshot:
    """Return the snapshot of every open firm.

    Raises
    ------
    UserError
        Where there is none.
    """
    snapshot = snapshot_of_registry(records, as_of, settings.law, sectors)
    if not snapshot.spine.count().execute():
        raise UserError(
            f"firms: no firm is known, registered and open on {as_of}; "
            "take a later date or check recorded_on, registered_on and closed_on."
        )
    return snapshot


def _learnt(
    records: Records,
    snapshot: Snapshot,
    training: TrainingSet,
    settings: Settings,
    plan: Plan,
    sample: RegistrySample,
    say: Say,
) -> FittedModel:
    """Fit both models, set the index's scale by today's registry, and fit again on other controllers."""
    examples, days = training.examples, training.calendar
    say(f"fitting on {len(examples)} examples")
    with steps("fitting", 2, "models") as done:
        model = fit_models(examples, days.as_of, days.slice_days, plan, done)
    say("scoring the registry for the index's average")
    with steps("scoring", int(snapshot.spine.count().execute()), "firms") as scored:

        def look(X: pd.DataFrame) -> None:
            sample.look(X)
            scored(len(X))

        average = float(expected_harm(snapshot, model, look).mean())
    scale = IndexScale(average, settings.average_points, settings.points_per_doubling)
    say(f"fitting {plan.n_refits} times again on resampled controllers")
    with steps("fitting again", 2 * plan.n_refits, "models") as grown:
        refits = fit_refits(
            examples, model.likelihood, model.severity, plan.n_refits, plan.seed, grown
        )
    meta = _meta(records, days.as_of, settings, scale, training, plan)
    return replace(model, refits=refits, meta=meta)


def _meta(
    records: Records,
    as_of: dt.date,
    settings: Settings,
    scale: IndexScale,
    training: TrainingSet,
    plan: Plan,
) -> dict[str, Any]:
    return {
        "as_of": as_of.isoformat(),
        "scale": asdict(scale),
        "horizon_days": training.calendar.horizon_days,
        "settings": settings.as_dict(),
        "fingerprint": records.quality.fingerprint,
        "features": [feature.name for feature in in_use()],
        "risk_index": risk_index.__version__,
        "without": list(plan.without),
        "seed": plan.seed,
    }


def _write(
    folder: Path,
    quality: Quality,
    model: FittedModel,
    judgement: Judgement,
    facts: dict[str, Any],
    sample: pd.DataFrame,
) -> None:
    model.save(folder / "model")
    if judgement.model is not None:
        judgement.model.save(folder / "judged")
    (folder / "quality.json").write_text(quality.as_json(), encoding="utf-8")
    text = json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False, default=_number)
    (folder / "metrics.json").write_text(text, encoding="utf-8")
    write_card(folder, json.loads(text))
    draw_pictures(judgement, model, sample, folder / "pictures")


def _number(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value)} is no JSON")


def track(
    run: Path,
    facts: dict[str, Any],
    settings: dict[str, Any],
    tracking_uri: str | None,
    say: Say,
) -> str | None:
    """Record the fit; a store that fails costs a message, never the fit."""
    try:
        return tracking.log_fit(run, settings, *tracking.of_facts(facts), tracking_uri)
    except tracking.FAILURES as error:
        why = tracking.said(error, tracking_uri or "")
        say(f"MLflow did not record the fit ({why}); the fit itself is whole in {run}")
        return None


def rank(
    source: Source,
    as_of: dt.date,
    run: Path,
    out: Path,
    say: Say,
    last: Path | None = None,
    form: Form | None = None,
    cluster: Cluster | None = None,
) -> Ranking:
    """Rank every open firm with a saved model and write the CSV.

    `last` is the ranking of the round before, whose tiers hold within the band of the settings. `form` is
    the language, and whether to write a workbook too. `cluster` is where to score, by default here.
    """
    form = form or Form()
    _refuse_before_reading(out, last, form, cluster)
    model = saved_model(run)
    settings, sectors = load_settings(as_of, source.settings), source.sectors
    scale = IndexScale(**model.meta["scale"])
    if as_of.isoformat() < model.meta["as_of"]:
        say(f"note: the model learnt from outcomes up to {model.meta['as_of']}, later than {as_of}")
    say("reading and checking the records")
    with workplace(out) as place:
        with source.open(scratch=place if source.memory_gb else None) as records:
            _say_what_was_lost(records.quality, say)
            snapshot = registry(records, as_of, settings, sectors)
            if cluster is None:
                scored = _scored(snapshot, model, scale, source.memory_gb, form.texts, place, say)
            else:
                scored = Scored.at(place, None)
                scored.add(score_on(cluster, snapshot, model, scale, form.texts))
        return write_ranking(
            scored,
            out,
            settings.allocation,
            model.version,
            as_of,
            last,
            form,
            source.memory_gb,
        )


def _refuse_before_reading(
    out: Path, last: Path | None, form: Form, cluster: Cluster | None
) -> None:
    """Refuse what would fail after hours of work, or overwrite somebody's file."""
    refuse_other_file(out, first_bytes(), "ranking", "ranked.csv")
    if last is not None:
        read_ranked(all_firms(last), FIRM_AND_TIER, 1)
    if form.top is not None:
        refuse_other_folder(out)
    if form.xlsx:
        refuse_other_workbook(out.with_suffix(".xlsx"))
    if cluster is not None:
        cluster.refuse_what_cannot_be()


def _say_what_was_lost(quality: Quality, say: Say) -> None:
    for failure in quality.failures:
        if failure.action != "noted":
            say(str(failure))


def _scored(
    snapshot: Snapshot,
    model: FittedModel,
    scale: IndexScale,
    memory_gb: float | None,
    texts: Texts,
    place: Path,
    say: Say,
) -> Scored:
    """Score the firms that an earlier run did not."""
    n_firms = int(snapshot.spine.count().execute())
    size = batch_firms(memory_gb, scoring.BATCH_FIRMS)
    quality = snapshot.records.quality
    hangs_on = (quality.fingerprint, snapshot.dates, snapshot.law, snapshot.sectors, scale, size)
    of = fingerprint(*hangs_on, model.version, texts.language, tracking.versions())
    scored = Scored.at(place, of if n_firms > size else None)
    if scored.n_kept:
        say(
            f"firms kept of a run that was broken off: {scored.n_firms}, in batches: {scored.n_kept}"
        )
    say(f"scoring {n_firms - scored.n_firms} firms")
    with steps("scoring", n_firms, "firms", scored.n_firms) as done:
        batches = scoring.score(snapshot, model, scale, done, texts, size, scored.next_key)
        with closing(batches):  # the thread that makes the next one ends before the records close
            scored.add(batches)
    return scored


def saved_model(run: Path) -> FittedModel:
    """Load the model of a fit's folder.

    Raises
    ------
    UserError
        Where it was fitted with another catalogue of features.
    """
    model = FittedModel.load(run / "model")
    if model.meta.get("features") != [feature.name for feature in in_use()]:
        raise UserError(f"{run}: the model was fitted with another catalogue of features; fit anew")
    return model
