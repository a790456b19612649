"""What a model card must say, which public registers ask for it, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from risk_index.authority import unstated

REGISTERS = {
    "ATRS": "Algorithmic Transparency Recording Standard of the United Kingdom, tiers 1 and 2",
    "cities": "AI registers of Helsinki and Amsterdam",
    "AIA": "Canada's Algorithmic Impact Assessment and the Directive on Automated Decision-Making",
    "Mitchell": "Mitchell et al. 2019, Model Cards for Model Reporting",
    "AI Act": "annexes IV and VIII of the EU's AI Act (Regulation 2024/1689)",
}
ALL = tuple(REGISTERS)


@dataclass(frozen=True)
class CardField:
    """A heading of the card.

    Attributes
    ----------
    heading, says : str
        As it stands on the card, and what stands below it.
    asked_by : tuple of str
        Keys of REGISTERS.
    stated : tuple of str
        Entries of the setting ``authority`` that stand here.
    facts : tuple of str
        Facts of ``metrics.json`` that stand here and may not be empty.
    """

    heading: str
    says: str
    asked_by: tuple[str, ...] = ALL
    stated: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()


FIELDS = (
    CardField(
        "Name and version", "Name, version, day of the records, phase.",
        stated=("phase",), facts=("model_version", "as_of"),
    ),
    CardField(
        "Owner and contact", "Who answers for it, whom to ask, who supplies it.",
        ALL, ("name", "owner", "contact", "supplier"),
    ),
    CardField("Purpose", "What it is for, and what it must not be used for."),
    CardField(
        "Legal basis", "Law that allows it, and impact assessments made.",
        ("ATRS", "AIA", "AI Act"), ("legal_basis", "assessment"),
    ),
    CardField(
        "Whom it concerns", "Firms that are ranked.",
        ("ATRS", "AIA", "Mitchell", "AI Act"), facts=("n_firms",),
    ),
    CardField(
        "Role in the decision and human oversight", "What it decides and what persons decide.",
        ("ATRS", "cities", "AIA", "AI Act"), ("oversight", "training"),
    ),
    CardField(
        "How to object", "Reasons, objection, answer.", ("ATRS", "AIA", "AI Act"),
        ("contact", "object_within_days", "answer_within_days", "reference"),
    ),
    CardField(
        "Data and their sources", "Record tables, the law of each, persons' data, access.",
        stated=("access",), facts=("records", "fingerprint"),
    ),
    CardField(
        "Completeness", "Rows read and accepted, how firms are identified, reporting rates.",
        ("ATRS", "AIA", "AI Act"), facts=("records",),
    ),
    CardField(
        "What it learnt from", "Examples, labels, method.",
        facts=("n_examples", "n_inspections", "horizon_days", "severity_form"),
    ),
    CardField(
        "How well it does", "Metrics with intervals, overall and by group.",
        ("ATRS", "cities", "Mitchell", "AI Act"), facts=("metrics", "calibration_by_group"),
    ),
    CardField("Fairness audit", "Verdicts, inputs concerned, waivers, burden by group."),
    CardField(
        "Whom it can speak for", "How far inspected firms stand for all.",
        ("ATRS", "Mitchell", "AI Act"),
    ),
    CardField("Inspectors", "How much inspectors differ.", ("Mitchell", "AI Act")),
    CardField("What to know", "Limits and risks, and what is done about them."),
    CardField(
        "Review and changes", "When it is looked at anew, what changes it.",
        ("ATRS", "AIA", "AI Act"), ("review_every_months",),
    ),
    CardField(
        "Versions", "Program, libraries, model, fingerprints of the data, settings.",
        ("ATRS", "Mitchell", "AI Act"), facts=("versions", "settings", "fingerprint"),
    ),
    CardField("Inputs", "Every input, its unit, table, direction and legal basis."),
)  # fmt: skip


def empty_fields(facts: Mapping[str, Any], may_be_empty: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return what the card leaves empty: ``authority.NAME``, or the heading with the fact that lacks.

    Parameters
    ----------
    facts : mapping
        Content of ``metrics.json``.
    may_be_empty : tuple of str
        Entries of the setting ``authority`` that need not be stated.
    """
    missing = [n for n in unstated(facts.get("authority", {})) if n not in may_be_empty]
    lacking = [
        f"{field.heading} ({name})"
        for field in FIELDS
        for name in field.facts
        if facts.get(name) in (None, "", 0, [], {})
    ]
    return (*(f"authority.{name}" for name in missing), *lacking)
