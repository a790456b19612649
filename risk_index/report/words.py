"""Words of the report for what files call by short names: metrics, methods, parts, sections."""

from __future__ import annotations

from features.sector import sector_path
from risk_index.calibration_groups import BETWEEN, INSUFFICIENT
from risk_index.distributions import DRAWS, INDEX
from risk_index.parts import PLANNED, RANDOM
from risk_index.texts import Texts

METRICS = {
    "base_rate": "share of violations",
    "auc": "AUC",
    "average_precision": "average precision",
    "brier": "Brier score",
    "calibration_slope": "calibration slope",
    "calibration_intercept": "calibration intercept",
    "violations_at_5": "violations found by 5 % of visits",
    "violations_at_10": "violations found by 10 % of visits",
    "violations_at_20": "violations found by 20 % of visits",
    "harm_at_5": "harm found by 5 % of visits",
    "harm_at_10": "harm found by 10 % of visits",
    "harm_at_20": "harm found by 20 % of visits",
    "lift_at_10": "lift at 10 %",
}
METHODS = {
    "likelihood": "likelihood",
    "index": "index",
    "sector_rate": "rate of the sector",
    "own_smoothed_rate": "own smoothed rate",
    "own_decayed_rate": "own decayed rate",
    "rule_ladder": "ladder of rules",
    "points_scorecard": "points scorecard",
    "logistic_regression": "logistic regression",
}
PARTS = {RANDOM: RANDOM, PLANNED: PLANNED}
SHIFTS = ("within chance", "small shift", "moderate shift", "large shift")
GROUPS = ("tier", "region", "sector", "completeness", "others", "not stated")
PICTURES = {
    "calibration": (
        "Calibration",
        "Across: the likelihood that was predicted; up: the share of violations that was found, with its "
        "95 % interval. Ten groups of equal weight. On the line, both are the same.",
    ),
    "capture": (
        "Capture curve",
        "Across: the share of visits, in the order of the ranking; up: the share of violations (by "
        "likelihood) and of harm (by index) that they find. The straight line is a random order.",
    ),
    "learning_curve": (
        "Learning curve",
        "Across: the rows learnt from; up: the AUC on the later date. Where it still rises, more "
        "records help.",
    ),
    "drivers_likelihood": (
        "What moves the likelihood",
        "The fifteen inputs with the largest mean absolute SHAP value, in log-odds. They explain the "
        "model; they prove no cause.",
    ),
}
SECTIONS = {
    "A": "agriculture, forestry, animal husbandry and fishery",
    "B": "mining",
    "C": "manufacturing",
    "D": "electricity, heat, gas and water supply",
    "E": "construction",
    "F": "wholesale and retail",
    "G": "transport, storage and post",
    "H": "accommodation and catering",
    "I": "information transmission, software and IT services",
    "J": "finance",
    "K": "real estate",
    "L": "leasing and business services",
    "M": "research and technical services",
    "N": "water, environment and public facilities",
    "O": "resident services and repair",
    "P": "education",
    "Q": "health and social work",
    "R": "culture, sport and entertainment",
    "S": "public administration and social organisations",
    "T": "international organisations",
}
"""Sections of GB/T 4754-2017."""


def titled(by: str, name: str, words: Texts) -> str:
    """Return a group's name as it is shown: sections of GB/T 4754 with their titles, spans of shares.

    >>> from risk_index.texts import ENGLISH
    >>> titled("sector", "B", ENGLISH), titled("sector", "Food", ENGLISH)
    ('B mining', 'Food')
    """
    if by == "completeness" and BETWEEN in name:
        low, high = name.split(BETWEEN)
        return words.say("{low} to {high}", low=low, high=high)
    if by == "sector" and name in SECTIONS and sector_path(name) == (name,):
        return f"{name} {words.say(SECTIONS[name])}"
    return words.say(name) if name in GROUPS else name


def every_word() -> list[str]:
    """Return the texts that a catalogue must hold beside those marked in the page."""
    pictures = [text for pair in PICTURES.values() for text in pair]
    sections = SECTIONS.values()
    return [
        *METRICS.values(),
        *METHODS.values(),
        INSUFFICIENT,
        *PARTS,
        *SHIFTS,
        *GROUPS,
        *pictures,
        *sections,
        INDEX,
        DRAWS,
    ]
