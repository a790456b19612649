"""The record tables: every column with its type, constraint and meaning. The schema is the manual.

A table's *key* names one fact. The same key may come again with a later ``recorded_on``: that is a
newer version of the fact and replaces the older one from that day on. ``recorded_on`` defaults to
the table's event date (:attr:`RecordTable.event`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "date", "number"]

EARLIEST, LATEST_VALID_TO = "1900-01-01", "2200-01-01"
"""Dates outside this range are placeholders (0001-01-01, 9999-12-31), not facts."""


@dataclass(frozen=True)
class Column:
    """One column of a record table.

    Attributes
    ----------
    name, meaning : str
        The column and one sentence on what it holds, with its unit.
    kind : {"text", "date", "number"}
        Type after reading.
    required : bool
        True where the column must exist and every row must fill it.
    allowed : tuple of str
        The only values a text may take; empty for any.
    minimum, maximum : float, optional
        Bounds of a number, both included.
    positive : bool
        True where zero is refused as well.
    whole : bool
        True where only whole numbers are accepted.
    not_before : str
        Column of the same table that this date may not precede.
    may_be_future : bool
        True for dates that announce (a permit's end); other dates later than today are refused.
    folded : bool
        True for numbers of documents, which platforms write differently: full-width characters, kinds of
        brackets, capitals and blanks are made alike; a text without a digit above 0 is none.
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    positive: bool = False
    whole: bool = False
    not_before: str = ""
    may_be_future: bool = False
    folded: bool = False


@dataclass(frozen=True)
class RecordTable:
    """A record table: its columns, the key that names one fact and the event's date."""

    name: str
    meaning: str
    key: tuple[str, ...]
    event: str
    columns: tuple[Column, ...]
    required: bool = False

    def column(self, name: str) -> Column:
        """Return the column called `name`."""
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns in order, ``recorded_on`` last."""
        return tuple(column.name for column in self.columns)


def _text(name: str, meaning: str, *allowed: str, required: bool = False) -> Column:
    return Column(name, "text", meaning, required, allowed)


def _date(name: str, meaning: str, *, required: bool = False, not_before: str = "") -> Column:
    return Column(name, "date", meaning, required, not_before=not_before)


def _amount(name: str, meaning: str) -> Column:
    return Column(name, "number", meaning, minimum=0.0)


FIRM_ID = _text(
    "firm_id",
    "Identifier of the firm; any text, checked where it looks like a unified social credit code.",
    required=True,
)
RECORDED_ON = _date(
    "recorded_on", "Day the fact became known to the regulator; the event's date where empty."
)

FIRMS = RecordTable(
    "firms",
    "Registered firms; a later version of a firm's details is a further row with its recorded_on.",
    key=("firm_id",),
    event="registered_on",
    required=True,
    columns=(
        FIRM_ID,
        _text("name", "Registered name of the firm."),
        _text(
            "sector", "Industry: a GB/T 4754 code such as C2710, or a path such as Food/Restaurant."
        ),
        _text("region", "Place of business; a GB/T 2260 code or any name."),
        _date("registered_on", "Day of registration."),
        _date("closed_on", "Day of deregistration.", not_before="registered_on"),
        _amount("registered_capital", "Paid-in or registered capital, in the mapping's currency."),
        _amount("employees", "Number of employees."),
        _text(
            "ownership",
            "Kind of owner; audited, never a feature.",
            "state",
            "private",
            "foreign",
            "other",
        ),
        _text("size_class", "Statistical size class.", "micro", "small", "medium", "large"),
        _text("group_id", "The controller; firms of one controller share it."),
        _text(
            "supervised_by", "Authority that plans the firm's inspections; for strata, no feature."
        ),
        RECORDED_ON,
    ),
)

PENALTIES = RecordTable(
    "penalties",
    "Administrative penalty decisions.",
    key=("penalty_id",),
    event="decided_on",
    columns=(
        _text("penalty_id", "Identifier of the record, its own on every platform.", required=True),
        FIRM_ID,
        Column("decision_number", "text", "Number of the decision, by which records of several platforms are merged.",
               folded=True),
        _date("decided_on", "Day of the decision.", required=True),
        _text("authority", "Body that decided."),
        _text("source", "Platform or department that shared the record."),
        _text("category", "Kind of violation."),
        _text("gravity", "Gravity band of the penalty.", "minor", "moderate", "serious"),
        _amount("fine", "Fine imposed, in the mapping's currency."),
        Column("statutory_max", "number", "Highest fine that the law allows for it.", positive=True, minimum=0.0),
        _date("repaired_on", "Day the record was repaired; from then on it is gone.", not_before="decided_on"),
        _date("revoked_on", "Day the decision was revoked; from then on it is gone.", not_before="decided_on"),
        RECORDED_ON,
    ),
)  # fmt: skip

PERMITS = RecordTable(
    "permits",
    "Permits and licences, one row a term.",
    key=("permit_id",),
    event="issued_on",
    columns=(
        _text("permit_id", "Number of the permit's term.", required=True),
        FIRM_ID,
        _text("kind", "Kind of permit."),
        _date("issued_on", "First day of the term.", required=True),
        Column(
            "valid_to", "date", "Last day of the term.", not_before="issued_on", may_be_future=True
        ),
        _text(
            "status",
            "Status from status_changed_on on.",
            "valid",
            "expired",
            "suspended",
            "revoked",
            "cancelled",
        ),
        _date("status_changed_on", "Day the status took effect.", not_before="issued_on"),
        RECORDED_ON,
    ),
)

IRREGULARITIES = RecordTable(
    "irregularities",
    "Entries in the list of abnormal operations.",
    key=("firm_id", "reason", "listed_on"),
    event="listed_on",
    columns=(
        FIRM_ID,
        _text("reason", "Ground, such as annual_report_not_filed or address_unreachable."),
        _date("listed_on", "Day of entry.", required=True),
        _date("removed_on", "Day of removal; from then on it is gone.", not_before="listed_on"),
        RECORDED_ON,
    ),
)

LISTINGS = RecordTable(
    "listings",
    "Entries in red lists (commended) and black lists (serious violations, judgment defaults).",
    key=("firm_id", "list", "colour", "listed_on"),
    event="listed_on",
    columns=(
        FIRM_ID,
        _text("list", "Name of the list."),
        _text("colour", "Red commends, black warns.", "red", "black", required=True),
        _text("ground", "Ground of the entry; judgment_default is no regulatory violation."),
        _amount("amount", "Amount at stake, in the mapping's currency."),
        _date("listed_on", "Day of entry.", required=True),
        _date("removed_on", "Day of removal; from then on it is gone.", not_before="listed_on"),
        RECORDED_ON,
    ),
)

INSPECTIONS = RecordTable(
    "inspections",
    "Visits, with what they found.",
    key=("inspection_id",),
    event="inspected_on",
    required=True,
    columns=(
        _text("inspection_id", "Number of the visit.", required=True),
        FIRM_ID,
        _date("inspected_on", "Day of the visit.", required=True),
        _text("selection", "How the firm came to be visited; empty where unknown.",
              "random", "routine", "directed", "complaint", "follow_up"),
        Column("inclusion_probability", "number", "Chance of selection, known before the draw.",
               positive=True, minimum=0.0, maximum=1.0),
        _text("inspector_id", "The inspector, or several joined by ;. Nuisance in training, never a feature."),
        Column("violation", "number", "1 violation found, 0 none, empty: outcome not recorded.", minimum=0.0, maximum=1.0, whole=True),
        Column("harm", "number", "Harm units found, by the rubric of the mapping; empty: not measured.",
               minimum=0.0, maximum=1e9),
        RECORDED_ON,
    ),
)  # fmt: skip

RATINGS = RecordTable(
    "ratings",
    "Scores of regional rating schemes, each on its own scale, read by what inspections found at them.",
    key=("firm_id", "scheme", "rated_on"),
    event="rated_on",
    columns=(
        FIRM_ID,
        _text("scheme", "The scheme, which fixes the scale.", required=True),
        Column("score", "number", "Score on the scheme's own scale.", required=True),
        _text("better", "Which scores are the good ones; empty: outcomes decide, and where they do not a score says nothing.",
              "higher", "lower"),
        _date("rated_on", "Day of the rating.", required=True),
        RECORDED_ON,
    ),
)  # fmt: skip

SOURCES = RecordTable(
    "sources",
    "How completely a source reports in a region; penalties count by it.",
    key=("source", "region"),
    event="",
    columns=(
        _text("source", "Platform or department.", required=True),
        _text("region", "Region, as in firms.", required=True),
        Column("reporting_rate", "number", "Share of facts that reach us.", positive=True, minimum=0.0, maximum=1.0),
        Column("n_checked", "number", "Facts checked to estimate the rate.", minimum=0.0),
        RECORDED_ON,
    ),
)  # fmt: skip

TABLES: tuple[RecordTable, ...] = (
    FIRMS, PENALTIES, PERMITS, IRREGULARITIES, LISTINGS, INSPECTIONS, RATINGS, SOURCES,
)  # fmt: skip
BY_NAME = {table.name: table for table in TABLES}
