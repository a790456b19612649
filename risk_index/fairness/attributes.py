"""Audited attributes: read from their own file, joined by firm_id here and nowhere else.

They are held in memory for the time of an audit and are never written beside features. A firm without a
value stays in the sample as unknown: how many those are, and how they fare, is a report of its own.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_index.errors import UserError
from risk_index.fairness.config import AuditedAttribute
from risk_index.fairness.evidence import CROSS, Attribute

SUFFIXES = (".csv", ".csv.gz", ".parquet")
MAIN = "firm_id"


class AttributesError(UserError):
    """The attributes file cannot be used as it is."""


@dataclass(frozen=True, eq=False)
class Joined:
    """Attributes of given firms, in their order.

    Attributes
    ----------
    attributes : tuple of Attribute
        Those declared whose column was found, each of shape (n,).
    raw : DataFrame, shape (n, attributes)
        The values before bands, for the search for functions of them.
    missing : tuple of str
        Declared attributes whose column stands nowhere: not audited, and said so.
    unused : tuple of str
        Columns of the file that nothing declares: not audited.
    join_rate : float
        Share of the given firms that the file names.
    unmatched : int
        Rows of the file that name none of them.
    """

    attributes: tuple[Attribute, ...]
    raw: pd.DataFrame
    missing: tuple[str, ...]
    unused: tuple[str, ...]
    join_rate: float
    unmatched: int


def read_attributes(path: Path) -> pd.DataFrame:
    """Read the attributes file: ``firm_id`` as text and any columns, one row a firm.

    Raises
    ------
    AttributesError
        Where it cannot be read, has no firm_id, or names a firm twice.
    """
    if not path.is_file():
        raise AttributesError(f"{path}: no such file. Give a CSV or Parquet file with firm_id.")
    if not path.name.lower().endswith(SUFFIXES):
        raise AttributesError(f"{path}: neither CSV nor Parquet; allowed: {', '.join(SUFFIXES)}")
    try:
        table = _read(path)
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise AttributesError(
            f"{path} cannot be read ({error}). Save it anew, as UTF-8 CSV or as Parquet."
        ) from error
    if MAIN not in table.columns:
        raise AttributesError(
            f"{path}: missing column firm_id; found {', '.join(map(str, table.columns[:5]))}. "
            "Name the column with the firms' identifiers firm_id."
        )
    _refuse(path, table, table.firm_id.isna() | (table.firm_id.astype(str) == ""), "firm_id empty")
    _refuse(path, table, table.firm_id.duplicated(keep=False), "firm_id named twice")
    return table


def _read(path: Path) -> pd.DataFrame:
    if path.name.lower().endswith(".parquet"):
        table = pd.read_parquet(path)
        return table.assign(firm_id=table.firm_id.astype(str)) if MAIN in table else table
    return pd.read_csv(path, dtype={MAIN: str}, encoding="utf-8-sig")


def _refuse(path: Path, table: pd.DataFrame, broken: pd.Series, rule: str) -> None:
    if broken.any():
        rows = (np.flatnonzero(broken)[:3] + 1).tolist()
        ids = [str(firm_id) for firm_id in table.firm_id[broken].head(3)]
        raise AttributesError(
            f"{path}: {int(broken.sum())} x {rule} (rows {rows}, first: {', '.join(ids)}). "
            "Keep one row a firm."
        )


def join(
    table: pd.DataFrame,
    firms: pd.DataFrame,
    declared: Mapping[str, AuditedAttribute],
    as_of: dt.date,
) -> Joined:
    """Join attributes to firms.

    Parameters
    ----------
    table : DataFrame
        From :func:`read_attributes`.
    firms : DataFrame, n rows
        ``firm_id`` and, under the names of ``records``, what the records hold of the attributes.
    declared : mapping
        Attributes by name.
    as_of : date
        For ages.

    Raises
    ------
    AttributesError
        Where no firm is found in the file, a column holds no numbers where numbers are needed, or
        numbers that no band takes in.
    """
    at = pd.Index(table[MAIN]).get_indexer(firms[MAIN].astype(str))
    found = at >= 0
    if not found.any():
        raise AttributesError(
            f"none of the {len(firms)} firms is in the attributes file ({len(table)} rows, first: "
            f"{', '.join(table[MAIN].astype(str).head(3))}). firm_id must be that of the records."
        )
    attributes, raw, missing = [], {}, []
    for name, entry in declared.items():
        values = _column(table, firms, at, entry)
        if values is None:
            missing.append(name)
            continue
        raw[name] = values
        attributes.append(_attribute(name, entry, values, as_of))
    used = {MAIN, *(entry.column for entry in declared.values())}
    return Joined(
        tuple(attributes),
        pd.DataFrame(raw, index=range(len(firms))),
        tuple(missing),
        tuple(sorted(str(c) for c in set(table.columns) - used)),
        float(found.mean()),
        len(table) - len(np.unique(at[found])),
    )


def _column(
    table: pd.DataFrame, firms: pd.DataFrame, at: NDArray[np.int64], entry: AuditedAttribute
) -> NDArray[np.object_] | None:
    if entry.column in table.columns and entry.column != MAIN:
        values = table[entry.column].astype(object).where(table[entry.column].notna(), None)
        found = values.to_numpy()[np.maximum(at, 0)]
        found[at < 0] = None
        return np.asarray(found, dtype=object)
    if entry.records in firms.columns:
        own = firms[entry.records].astype(object)
        return own.where(own.notna(), None).to_numpy()
    return None


def _attribute(
    name: str, entry: AuditedAttribute, values: NDArray[np.object_], as_of: dt.date
) -> Attribute:
    if not entry.bands and entry.kind == "categorical":
        text = np.array([None if v is None else _word(v) for v in values], dtype=object)
        return Attribute(name, "categorical", text, entry.adverse)
    numbers = _numbers(name, entry, values)
    if entry.measure == "age":
        numbers = as_of.year - numbers
    if not entry.bands:
        return Attribute(name, "continuous", numbers, entry.adverse)
    band = banded(numbers, entry.bands)
    _refuse_outside(name, entry, values, ~np.isnan(numbers) & pd.isna(band))
    return Attribute(name, "categorical", band, entry.adverse)


def _word(value: object) -> str:
    """Return a level as text; a whole number reads alike with missing cells beside it and without."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _refuse_outside(
    name: str, entry: AuditedAttribute, values: NDArray[np.object_], outside: NDArray[np.bool_]
) -> None:
    if outside.any():
        first = ", ".join(str(v) for v in values[outside][:3])
        bands = ", ".join(
            f"{band} [{low:g}, {high:g})" for band, (low, high) in entry.bands.items()
        )
        unit = " years of age, from the year of birth" if entry.measure == "age" else ""
        raise AttributesError(
            f"attributes.{entry.column or entry.records}: {int(outside.sum())} x outside every band "
            f"(first: {first}); {name} has {bands}{unit}. Correct them, leave the cells empty, or "
            "declare bands that take them in (configs/fairness.yaml)."
        )


def _numbers(
    name: str, entry: AuditedAttribute, values: NDArray[np.object_]
) -> NDArray[np.float64]:
    numbers = pd.to_numeric(pd.Series(values, dtype=object), errors="coerce").to_numpy(float)
    wrong = np.isnan(numbers) & np.array([v is not None for v in values])
    if wrong.any():
        first = [str(v) for v in values[wrong][:3]]
        raise AttributesError(
            f"attributes.{entry.column or entry.records}: {int(wrong.sum())} x no number (first: "
            f"{', '.join(first)}); {name} needs numbers. Correct them or leave the cells empty."
        )
    return numbers


def banded(
    numbers: NDArray[np.float64], bands: Mapping[str, tuple[float, float]]
) -> NDArray[np.object_]:
    """Return the band of each number, None outside all of them or where it is unknown.

    >>> banded(np.array([20.0, 50.0, np.nan]), {"young": (0, 36), "old": (36, 99)}).tolist()
    ['young', 'old', None]
    """
    found = np.full(len(numbers), None, dtype=object)
    for band, (low, high) in bands.items():
        found[(numbers >= low) & (numbers < high)] = band
    return found


def crossed(first: Attribute, second: Attribute, least: int) -> Attribute | None:
    """Return two attributes as one, without cells of fewer than `least` firms; None if one is left."""
    if "continuous" in (first.kind, second.kind):
        return None
    pairs = zip(first.values, second.values, strict=True)
    cells = pd.Series(
        [None if None in (a, b) else f"{a}{CROSS}{b}" for a, b in pairs], dtype=object
    )
    counts = cells.value_counts()
    large = cells.where(cells.isin(counts.index[counts >= least]), None)
    if large.nunique() < 2:
        return None
    kept = large.where(large.notna(), None).to_numpy(object)
    return Attribute(
        f"{first.name}{CROSS}{second.name}", "categorical", kept, _watched(first, second)
    )


def _watched(first: Attribute, second: Attribute) -> tuple[str, ...]:
    """Return the cells of which each part is watched."""
    parts = [a.adverse or levels(a) for a in (first, second)]
    if not first.adverse and not second.adverse:
        return ()
    return tuple(f"{a}{CROSS}{b}" for a in parts[0] for b in parts[1])


def known(attribute: Attribute) -> NDArray[np.bool_]:
    """Tell of which firms the attribute is known, shape (n,)."""
    return ~pd.isna(pd.Series(attribute.values)).to_numpy()


def levels(attribute: Attribute) -> Sequence[str]:
    """Return the groups of an attribute; a continuous one is cut into thirds."""
    if attribute.kind == "continuous":
        return ("low third", "middle third", "high third")
    return sorted(str(v) for v in pd.Series(attribute.values).dropna().unique())


def group_of(attribute: Attribute) -> NDArray[np.object_]:
    """Return the name of each firm's group, None where unknown, shape (n,)."""
    values = pd.Series(attribute.values)
    if attribute.kind == "continuous":
        place = values.rank(pct=True, method="average").to_numpy(float)
        cut = np.minimum(np.nan_to_num(place * 3, nan=0).astype(int), 2)
        names = np.array(levels(attribute), dtype=object)[cut].copy()
    else:
        names = np.array([str(v) for v in values], dtype=object)
    names[~known(attribute)] = None
    return names
