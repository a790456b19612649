"""The controller's other firms: a group's record is known to the regulator as well as the firm's."""

from __future__ import annotations

from functools import partial

from features.feature import Feature, Others, Ratio
from features.inspections import HARM_SEEN, HITS, JUDGED
from features.irregularities import IRREGULARITIES
from features.listings import LISTINGS
from features.penalties import COUNTING, IN_FORCE, PENALTIES, WEIGHT
from features.profile import FIRMS_COUNTED
from features.reporting import EXPOSURE, PRIOR_YEARS, SECTOR_COUNTING_RATE, SECTOR_WEIGHT_RATE
from features.sector import SECTOR_RATE

BASIS = "Classification by credit risk, SAMR Xin 2022 No. 6 (information on related parties)"
_named = {feature.name: feature for feature in (*PENALTIES, *IRREGULARITIES, *LISTINGS)}

_related = partial(Feature, topic="controller's other firms", table="firms", basis=BASIS)

OTHERS_JUDGED = _related("others_inspections", "inspections of the controller's other firms", "count",
                         measure=Others(JUDGED))  # fmt: skip
OTHERS_HITS = _related("others_violations", "violations found at the controller's other firms", "count",
                       measure=Others(HITS), likelihood=1)  # fmt: skip
OTHERS_WEIGHT = _related("others_penalty_weight", "weight of penalties in force of the controller's other firms", "weight",
                         measure=Others(WEIGHT), likelihood=None)  # fmt: skip
OTHERS_COUNTING = _related("others_penalties_counting", "moderate and serious penalties of the controller's other firms", "count",
                           measure=Others(COUNTING), likelihood=None)  # fmt: skip
OTHERS_EXPOSURE = _related("others_reported_years", "years of full reporting of the controller's other firms", "years",
                           measure=Others(EXPOSURE), likelihood=None)  # fmt: skip

RELATED: tuple[Feature, ...] = (
    _related("others", "other firms of the controller", "count", measure=Others(FIRMS_COUNTED), severity=0),
    OTHERS_JUDGED,
    OTHERS_HITS,
    _related("others_violation_rate", "rate of violations at the controller's other firms, steadied by the sector's", "rate",
             measure=Ratio(OTHERS_HITS, OTHERS_JUDGED, SECTOR_RATE, 4.0), likelihood=1),
    _related("others_harm", "harm recorded at the controller's other firms", "harm units",
             measure=Others(HARM_SEEN), likelihood=0, severity=0),
    _related("others_penalties", "penalties in force of the controller's other firms", "count",
             measure=Others(IN_FORCE), likelihood=None),
    OTHERS_WEIGHT,
    OTHERS_EXPOSURE,
    _related("others_penalty_excess", "weight of penalties of the controller's other firms beyond the sector's", "weight",
             measure=Ratio(OTHERS_WEIGHT, OTHERS_EXPOSURE, SECTOR_WEIGHT_RATE, PRIOR_YEARS, above=True), likelihood=1),
    OTHERS_COUNTING,
    _related("others_penalties_excess", "moderate and serious penalties of the controller's other firms beyond the sector's", "count",
             measure=Ratio(OTHERS_COUNTING, OTHERS_EXPOSURE, SECTOR_COUNTING_RATE, PRIOR_YEARS, above=True), likelihood=1),
    _related("others_serious_penalties", "serious penalties of the controller's other firms", "count",
             measure=Others(_named["penalties_serious"]), likelihood=None),
    _related("others_irregularities", "irregularities of the controller's other firms", "count",
             measure=Others(_named["irregularities"]), likelihood=1),
    _related("others_black_lists", "black-listings of the controller's other firms", "count",
             measure=Others(_named["black_lists"]), likelihood=1),
)  # fmt: skip
