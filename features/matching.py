"""How well the records agree on who is who: kinds of firm_id, rows that find their firm, double firms."""

from __future__ import annotations

from typing import Any

import duckdb

from features.failures import Failure
from features.identity import credit_code_checks, looks_like_credit_code, old_number_checks
from features.reading import in_portions
from features.schema import FIRMS, RecordTable

MOST_IDS = 5
"""A name of more firms in one region is a placeholder or that of a chain."""
_CLEAN_NAME = (
    "upper(regexp_replace(nfc_normalize(name), '[\\s\\x{3000}()（）\\[\\]【】·.,，。-]', '', 'g'))"
)
_DOUBLES = f"""
SELECT {_CLEAN_NAME} AS clean, coalesce(region, '') AS place, list(firm_id ORDER BY firm_id) AS ids
FROM firms WHERE superseded_on IS NULL AND closed_on IS NULL AND {_CLEAN_NAME} <> ''
GROUP BY ALL HAVING count(DISTINCT firm_id) BETWEEN 2 AND {MOST_IDS} ORDER BY ids
"""


def matched(con: duckdb.DuckDBPyConnection, table: RecordTable) -> list[dict[str, Any]]:
    """Return, by source, how many of a table's rows as read name a firm of table firms."""
    if table is FIRMS or "firm_id" not in table.names:
        return []
    source = "source" if "source" in table.names else "NULL"
    found = con.execute(
        f"SELECT coalesce({source}, ''), count(*), count(firm_key) FROM typed_{table.name} "
        "GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return [
        {
            "table": table.name,
            "source": name,
            "rows": rows,
            "matched": hits,
            "rate": round(hits / rows, 4),
        }
        for name, rows, hits in found
    ]


def identity_report(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return the kinds of firm_id, and how many firms were renamed or share a controller."""
    n = codes = wrong_inner = old = 0
    for ids in in_portions(con, "SELECT firm_id FROM firm_keys"):
        shaped = looks_like_credit_code(ids)
        valid, inner = credit_code_checks([i for i, like in zip(ids, shaped, strict=True) if like])
        n, codes = n + len(ids), codes + int(valid.sum())
        wrong_inner += int((valid & ~inner).sum())
        old += int(old_number_checks(ids).sum())
    return {
        "firms": n,
        "credit_codes": codes,
        "credit_code_share": round(codes / n, 4) if n else 0.0,
        "wrong_inner_character": wrong_inner,
        "old_registration_numbers": old,
        "other_ids": n - codes - old,
        "renamed_firms": _count(con, "count(DISTINCT name) > 1", "firm_id", "true"),
        "controllers_of_several_firms": _count(
            con, "count(DISTINCT firm_id) > 1", "group_id", "superseded_on IS NULL"
        ),
    }


def _count(con: duckdb.DuckDBPyConnection, having: str, by: str, holds: str) -> int:
    query = (
        f"SELECT count(*) FROM (SELECT {by} FROM firms WHERE {by} IS NOT NULL AND {holds} "
        f"GROUP BY {by} HAVING {having})"
    )
    return int(con.execute(query).fetchall()[0][0])


def probable_doubles(con: duckdb.DuckDBPyConnection) -> list[Failure]:
    """Return a note on open firms of one name and region under several ids; nothing is merged.

    Where one id is a registration number of 15 digits and another a credit code, the firm most likely
    took the code in the place of the number.
    """
    groups = [row[2] for row in con.execute(_DOUBLES).fetchall()]
    flat = [firm for ids in groups for firm in ids]
    old = dict(zip(flat, old_number_checks(flat), strict=True))
    code = dict(zip(flat, looks_like_credit_code(flat), strict=True))
    renumbered: list[list[str]] = []
    others: list[list[str]] = []
    for ids in groups:
        both = any(old[i] for i in ids) and any(code[i] for i in ids)
        (renumbered if both else others).append(ids)
    return [
        *_note(
            "old registration number and credit code with one name in one region",
            renumbered,
            "Likely one firm: replace the old number by the code in every table.",
        ),
        *_note(
            "one name in one region under several ids",
            others,
            "Look whether it is one firm; firms are never merged by name.",
        ),
    ]


def _note(rule: str, groups: list[list[str]], remedy: str) -> list[Failure]:
    if not groups:
        return []
    first = tuple(" = ".join(ids[:3]) for ids in groups[:3])
    return [Failure("firms", "firm_id", rule, len(groups), first, remedy, "noted")]
