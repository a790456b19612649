"""The controller's other firms: a group's record is known to the regulator as well as the firm's."""

from __future__ import annotations

from functools import partial

from features.feature import Feature, Others, Ratio
from features.inspections import HARM_SEEN, HITS, JUDGED
from features.irregularities import IRREGULARITIES
from features.listings import LISTINGS
from features.penalties import IN_FORCE, PENALTIES
from features.profile import FIRMS_COUNTED
from features.reporting import EXPOSURE, PRIOR_YEARS, SECTOR_PENALTY_RATE
from features.sector import SECTOR_RATE

BASIS = "Classification by credit risk, SAMR Xin 2022 No. 6 (information on related parties)"
_named = {feature.name: feature for feature in (*PENALTIES, *IRREGULARITIES, *LISTINGS)}

_related = partial(Feature, topic="controller's other firms", table="firms", basis=BASIS)

OTHERS_JUDGED = _related("others_inspections", "inspections of the controller's other firms", "count",
                         measure=Others(JUDGED))  # fmt: skip
OTHERS_HITS = _related("others_violations", "violations found at the controller's other firms", "count",
                       measure=Others(HITS), likelihood=1)  # fmt: skip
OTHERS_PENALTIES = _related("others_penalties", "penalties in force of the controller's other firms", "count",
                            measure=Others(IN_FORCE), likelihood=None)  # fmt: skip
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
    OTHERS_PENALTIES,
    OTHERS_EXPOSURE,
    _related("others_penalty_rate", "penalties a year of full reporting of the controller's other firms, steadied by the sector's", "rate",
             measure=Ratio(OTHERS_PENALTIES, OTHERS_EXPOSURE, SECTOR_PENALTY_RATE, PRIOR_YEARS), likelihood=1),
    _related("others_serious_penalties", "serious penalties of the controller's other firms", "count",
             measure=Others(_named["penalties_serious"]), likelihood=None),
    _related("others_irregularities", "irregularities of the controller's other firms", "count",
             measure=Others(_named["irregularities"]), likelihood=1),
    _related("others_black_lists", "black-listings of the controller's other firms", "count",
             measure=Others(_named["black_lists"]), likelihood=1),
)  # fmt: skip
