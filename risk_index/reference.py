"""The reference pages of docs/, written from the code: ``python -m risk_index.reference``."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from pathlib import Path

from features import feature as kinds
from features.catalogue import FEATURES, in_use
from features.feature import Feature, Measure, Peers, Ratio, Total
from features.rules import rules_of
from features.schema import TABLES, RecordTable
from risk_index.authority import Authority
from risk_index.card_fields import FIELDS, REGISTERS
from risk_index.command_reference import commands_page
from risk_index.settings_reference import settings_page

DOCS = Path(__file__).resolve().parents[1] / "docs"
HEADINGS = ("feature", "meaning", "unit", "table", "measure", "if none", "likelihood", "severity")
NOTICE = "Written by `python -m risk_index.reference` from `{}`; do not edit."
DIRECTION = {None: "", 0: "free", 1: "raises", -1: "lowers"}
TABLES_HEAD = """\
Dates are written YYYY-MM-DD; identifiers are text. A column that need not be filled may be missing.
A key that comes again with a later `recorded_on` is a newer version of the same fact and replaces it from
that day on; of rows with the same key and `recorded_on` one is kept and the others are rejected."""
FEATURES_HEAD = """\
*raises*: more of it never lowers the model's answer; *lowers*: never raises it; *free*: either way;
empty: not used. A window counts back from the as-of date."""
CARD_HEAD = """\
Every fit writes its card from one template, `risk_index/card.md.j2`: `card.md`, and `card.html` from it.
The template unites what five registers and schemes ask for, as this project reads them; a register's own
form may split a heading or ask for an address or a number besides. *asked*: has a field of that kind."""
AUTHORITY_HEAD = """\
These cannot be known from records: give them under `authority` in the file of `--settings`
(`configs/example-settings.yaml` is a whole one). What is empty stands on the card as **Not stated**, and the
gate `card` of `risk-index retrain` refuses it by name, but for `object_within_days`, which is left out where
there is no limit, and for what `card_may_leave_empty` in `configs/gates.yaml` names."""
WORDS: dict[type[Measure], str] = {
    kinds.Count: "number of events",
    kinds.Total: "sum of {0.column}",
    kinds.Decayed: "sum of {0.column}, halving every {0.half_life_days} days",
    kinds.Largest: "largest {0.column}",
    kinds.Smallest: "smallest {0.column}",
    kinds.Distinct: "different values of {0.column}",
    kinds.Fact: "`{0.column}` as known on the day",
    kinds.Others: "`{0.of.name}` summed over the controller's other open firms",
}


def pages() -> dict[str, str]:
    """Return the text of every generated page by its file name."""
    return {
        "tables.md": tables_page(),
        "features.md": features_page(),
        "model-card.md": card_fields_page(),
        "commands.md": commands_page(NOTICE.format("risk_index/cli.py")),
        "settings.md": settings_page(NOTICE.format("configs/")),
    }


def tables_page() -> str:
    """Return the record tables with their columns and the rules of each, as Markdown."""
    lines = ["# Record tables", "", NOTICE.format("features/schema.py"), "", TABLES_HEAD]
    for table in TABLES:
        lines += ["", *_table(table)]
    return "\n".join(lines) + "\n"


def _table(table: RecordTable) -> Iterator[str]:
    event = f"`{table.event}`" if table.event else "always known"
    key = ", ".join(f"`{name}`" for name in table.key)
    yield f"## {table.name}" + (" (must be there)" if table.required else "")
    yield from ("", table.meaning, "", f"Key: {key}. Default of `recorded_on`: {event}.", "")
    yield _row("column", "type", "meaning", "row rejected where", "cell emptied where")
    yield "|---" * 5 + "|"
    rules = _rules(table)
    for column in table.columns:
        name = f"`{column.name}`" + (" (must be filled)" if column.required else "")
        broken = [rules.get((column.name, a), []) for a in ("row rejected", "cell emptied")]
        yield _row(name, column.kind, column.meaning, *("; ".join(texts) for texts in broken))


def _rules(table: RecordTable) -> dict[tuple[str, str], list[str]]:
    """Return the texts of the rules on single columns, by column and by what happens then."""
    found: dict[tuple[str, str], list[str]] = {}
    for rule in rules_of(table, {*table.names, "firm_key"}, dt.date.max):
        text = rule.text.replace(f" (after {dt.date.max})", "")
        if not text.startswith(("not text", "key occurs twice")):  # any cell is text; keys: above
            found.setdefault((rule.column, rule.action), []).append(text)
    return found


def features_page() -> str:
    """Return the catalogue of features by topic, as Markdown."""
    used = in_use()
    of = {m: sum(getattr(f, m) is not None for f in used) for m in ("likelihood", "severity")}
    lines = ["# Features", "", NOTICE.format("features/catalogue.py"), ""]
    lines += [
        f"{len(FEATURES)} features. {len(used)} serve a model: {of['likelihood']} the likelihood, "
        f"{of['severity']} the severity; the others serve none by themselves.",
        FEATURES_HEAD,
    ]
    for topic in dict.fromkeys(f.topic for f in FEATURES):
        rows = [f for f in FEATURES if f.topic == topic]
        basis = "; ".join(dict.fromkeys(f.basis for f in rows))
        lines += ["", f"## {topic}", "", f"Basis: {basis}.", "", _row(*HEADINGS), "|---" * 8 + "|"]
        lines += [_feature(f) for f in rows]
    return "\n".join(lines) + "\n"


def card_fields_page() -> str:
    """Return what the model card must say, who asks for it and what the authority states, as Markdown."""
    source = "risk_index/card_fields.py` and `risk_index/authority.py"
    lines = ["# Model card", "", NOTICE.format(source), "", CARD_HEAD, ""]
    lines += [_row("heading", "what stands there", *REGISTERS), "|---" * (2 + len(REGISTERS)) + "|"]
    for field in FIELDS:
        asked = ("asked" if name in field.asked_by else "" for name in REGISTERS)
        lines.append(_row(field.heading, field.says, *asked))
    lines += ["", *[f"- *{name}*: {meaning}." for name, meaning in REGISTERS.items()]]
    lines += ["", "## What the authority states", "", AUTHORITY_HEAD, ""]
    lines += [_row("entry of `authority`", "meaning", "stands under"), "|---" * 3 + "|"]
    for name, entry in Authority.model_fields.items():
        under = "; ".join(field.heading for field in FIELDS if name in field.stated)
        lines.append(_row(f"`{name}`", entry.description or "", under))
    return "\n".join(lines) + "\n"


def _feature(f: Feature) -> str:
    none = "not known" if math.isnan(f.if_none) else f"{f.if_none:g}"
    uses = DIRECTION[f.likelihood], DIRECTION[f.severity]
    return _row(f"`{f.name}`", f.title, f.unit, f.table, _measure(f), none, *uses)


def _measure(feature: Feature) -> str:
    measure = feature.measure
    if isinstance(measure, Ratio):
        top, bottom, k = f"`{measure.of.name}`", f"`{measure.over.name}`", f"{measure.strength:g}"
        if measure.prior is None:
            return f"{top} / {bottom}"
        rate = f"({top} + {k} x `{measure.prior.name}`) / ({bottom} + {k})"
        return f"{rate} - `{measure.prior.name}`, at least 0" if measure.above else rate
    if isinstance(measure, Peers):
        own = f"`{measure.pull.name}` x `{measure.own.name}`"
        return f"`{measure.rate.name}` - {own}, at least 0"
    which = ", ".join(f"{column} = {value}" for column, value in getattr(measure, "where", ()))
    words = WORDS[type(measure)].format(measure) + (f" where {which}" if which else "")
    if isinstance(measure, Total) and not math.isinf(measure.cap):
        words += f", at most {measure.cap:g}"
    last = "last" if feature.dated == "age_days" else "taken effect in the last"
    return words + (f", {last} {feature.within_days} days" if feature.within_days else "")


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
