"""Words of the records' own vocabulary in the language of the page; others stand as the record has them."""

from __future__ import annotations

from risk_index.texts import Texts

CATEGORY = "{what}: {category}"
VOCABULARY = {
    "minor": "minor",
    "moderate": "moderate",
    "serious": "serious",
    "red": "red",
    "black": "black",
    "judgment_default": "judgment debtor in default",
    "annual_report_not_filed": "annual report not filed",
    "address_unreachable": "not reachable at the registered address",
    "disclosure_missing": "required disclosure missing",
    "disclosure_false": "false disclosure",
    "random": "random",
    "routine": "routine",
    "directed": "directed",
    "complaint": "after a complaint",
    "follow_up": "follow-up",
    "revoked": "revoked",
    "suspended": "suspended",
    "cancelled": "cancelled",
    "unstated": "kind not stated",
    "micro": "micro",
    "small": "small",
    "medium": "medium",
    "large": "large",
}
"""The schema's own values; a source's other categories are quoted."""


def in_words(value: str, texts: Texts) -> str:
    """Return a value of the schema in words, any other as it stands."""
    return texts.say(VOCABULARY[value]) if value in VOCABULARY else value.replace("_", " ")
