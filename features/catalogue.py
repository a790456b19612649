"""All features, in the order of the matrix."""

from __future__ import annotations

from collections.abc import Iterable

from features.feature import Feature
from features.inspections import INSPECTIONS
from features.irregularities import IRREGULARITIES
from features.listings import LISTINGS
from features.penalties import PENALTIES
from features.permits import PERMITS
from features.profile import CHANGES, PROFILE
from features.ratings import RATINGS
from features.related import RELATED
from features.reporting import REPORTING
from features.sector import SECTOR

FEATURES: tuple[Feature, ...] = (
    *SECTOR, *PROFILE, *CHANGES, *PENALTIES, *REPORTING, *PERMITS, *IRREGULARITIES, *LISTINGS, *INSPECTIONS,
    *RELATED, *RATINGS,
)  # fmt: skip
BY_NAME = {feature.name: feature for feature in FEATURES}


def in_use(features: Iterable[Feature] = FEATURES) -> tuple[Feature, ...]:
    """Return the features that one of the models, a simple method beside them or a note uses."""
    return tuple(
        f
        for f in features
        if f.likelihood is not None or f.severity is not None or f.rival or f.note
    )


def with_parents(features: Iterable[Feature]) -> tuple[Feature, ...]:
    """Return features and all that they are computed from, each after its parents."""
    ordered: dict[str, Feature] = {}

    def add(feature: Feature) -> None:
        for parent in feature.parents:
            add(parent)
        ordered.setdefault(feature.name, feature)

    for feature in features:
        add(feature)
    return tuple(ordered.values())
