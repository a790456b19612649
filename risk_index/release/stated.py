"""The gate on the card: no field that public registers ask for may be empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from risk_index.card_fields import empty_fields
from risk_index.release.limits import Limits
from risk_index.release.verdicts import Verdict, judged


def card(facts: Mapping[str, Any], limits: Limits) -> Verdict:
    """Refuse where the model card leaves a field empty, and name every one.

    Parameters
    ----------
    facts : mapping
        Content of ``metrics.json``, from which the card is written.
    """
    empty = empty_fields(facts, limits.card_may_leave_empty)
    entries = [name for name in empty if name.startswith("authority.")]
    rest = [name for name in empty if name not in entries]
    remedies = []
    if entries:
        remedies.append(
            "Give them under `authority` in the file of --settings (configs/authority.yaml explains each, "
            "configs/example-settings.yaml is a whole one), or name them under card_may_leave_empty in a "
            "file for --gates, and fit again."
        )
    if rest:
        remedies.append("Fit again on records that tell the rest.")
    return judged(
        "card",
        not empty,
        f"{len(empty)} fields of the model card are empty{': ' + ', '.join(empty) if empty else ''}.",
        "none",
        " ".join(remedies),
        (float(len(empty)),),
    )
