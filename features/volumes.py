"""Alarms on volumes: one source that makes up most of a region's records, and months beyond the usual."""

from __future__ import annotations

import duckdb

from features.failures import Failure

LEAST_ROWS = 50
"""Penalties of a region below which no share is worth an alarm."""
LARGEST_SHARE = 0.5
LEAST_MONTHS = 12
LEAST_MONTH = 20
"""Penalties of a month below which it is no jump."""
MADS = 5.0
_ROWS = """
WITH seen AS (
    SELECT coalesce(p.source, p.authority, 'no source') AS source,
           coalesce(f.region, 'no region') AS region, date_trunc('month', p.recorded_on) AS month
    FROM penalties p JOIN firms f ON p.firm_key = f.firm_key AND f.superseded_on IS NULL
    WHERE p.superseded_on IS NULL
)
"""
_SHARES = f"""
{_ROWS}, counts AS (SELECT region, source, count(*) AS n FROM seen GROUP BY ALL),
totals AS (SELECT region, sum(n) AS total FROM counts GROUP BY ALL)
SELECT region, source, n / total FROM counts JOIN totals USING (region)
WHERE total >= {LEAST_ROWS} AND n > {LARGEST_SHARE} * total
    AND (SELECT count(DISTINCT source) FROM counts) > 1
ORDER BY n / total DESC, region
"""
_MONTHS = f"""
{_ROWS}, counts AS (SELECT source, region, month, count(*) AS n FROM seen GROUP BY ALL),
usual AS (
    SELECT source, region, median(n) AS middle, greatest(mad(n), sqrt(median(n))) AS spread
    FROM counts GROUP BY ALL HAVING count(*) >= {LEAST_MONTHS}
)
SELECT region, source, strftime(month, '%Y-%m'), n, middle FROM counts JOIN usual USING (source, region)
WHERE n >= {LEAST_MONTH} AND n > middle + {MADS} * spread
ORDER BY n / middle DESC, region, source, month
"""


def volume_alarms(con: duckdb.DuckDBPyConnection) -> list[Failure]:
    """Return a note for each kind of volume that looks wrong in the accepted penalties.

    A month is beyond the usual where it lies more than 5 median absolute deviations above the median
    of its source's months in the region (of those with a penalty, 12 at least); the deviation is
    taken as the root of the median at least, as that of counts is.
    """
    shares = [
        f"{region}: {source} {share:.0%}"
        for region, source, share in con.execute(_SHARES).fetchall()
    ]
    months = [
        f"{region}, {source}, {month}: {n} (median {middle:g})"
        for region, source, month, n, middle in con.execute(_MONTHS).fetchall()
    ]
    return [
        *_note(
            "source",
            f"region of which one source makes up more than {LARGEST_SHARE:.0%}",
            shares,
            "Ask whether the other bodies report at all; state reporting rates in table sources.",
        ),
        *_note(
            "recorded_on",
            f"month of a source and region beyond {MADS:g} median absolute deviations",
            months,
            "Ask the source what it delivered: a backlog, or rows that came twice.",
        ),
    ]


def _note(column: str, rule: str, found: list[str], remedy: str) -> list[Failure]:
    if not found:
        return []
    return [Failure("penalties", column, rule, len(found), tuple(found[:3]), remedy, "noted")]
