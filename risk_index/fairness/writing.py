"""Write an audit: ``audit.json``, its schema, ``flags.csv``, pictures and a page for readers."""

from __future__ import annotations

import base64
import csv
import json
from pathlib import Path

from features.catalogue import BY_NAME
from risk_index.fairness.config import FairnessConfig
from risk_index.fairness.drawing import draw_audit
from risk_index.fairness.evidence import JOINED
from risk_index.fairness.findings import Audit
from risk_index.fairness.flags import NONE, Flag, Measured
from risk_index.ranked_rows import defused
from risk_index.templates import templates_beside

COLUMNS = (
    "input", "attribute", "group", "verdict", "legs", "strength_auc", "strength_low", "strength_high",
    "gap_log_odds", "gap_low", "gap_high", "null_band", "weight_earned", "weight_low", "weight_high",
    "n", "n_draws", "n_needed", "burden_before", "remedy", "burden_after", "harm_lost",
    "tiers_changed", "waived_by", "waived_until", "said",
)  # fmt: skip


def write_audit(audit: Audit, config: FairnessConfig, folder: Path) -> None:
    """Write every file of an audit into a folder."""
    text = json.dumps(audit.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "audit.json").write_text(text + "\n", encoding="utf-8")
    schema = json.dumps(Audit.model_json_schema(), indent=1, ensure_ascii=False)
    (folder / "audit.schema.json").write_text(schema + "\n", encoding="utf-8")
    write_flags(audit, folder / "flags.csv")
    draw_audit(audit, folder / "pictures")
    (folder / "audit.html").write_text(page(audit, config, folder / "pictures"), encoding="utf-8")


def write_flags(audit: Audit, path: Path) -> None:
    """Write one row a flag, the gravest first; UTF-8 with BOM, safe to open in a spreadsheet."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for flag in audit.flags:
            if flag.verdict != NONE:
                writer.writerow([_cell(value) for value in _row(flag)])


def _row(flag: Flag) -> list[object]:
    best = flag.named
    return [
        flag.input, flag.attribute, flag.group, flag.verdict, " ".join(flag.legs),
        *_ends(flag.strength), *_ends(flag.gap), flag.null_band, *_ends(flag.weight),
        flag.n, flag.n_draws, flag.n_needed,
        flag.remedies[0].burden_before.value if flag.remedies else None,
        best.remedy if best else None,
        best.burden_after.value if best else None,
        best.harm_lost if best else None,
        best.tiers_changed if best else None,
        flag.waiver.person if flag.waiver else None,
        flag.waiver.expires.isoformat() if flag.waiver else None,
        flag.said,
    ]  # fmt: skip


def _ends(figure: Measured) -> tuple[float | None, float | None, float | None]:
    return figure.value, figure.low, figure.high


def _cell(value: object) -> object:
    return defused(value) if isinstance(value, str) else value


def page(audit: Audit, config: FairnessConfig, pictures: Path) -> str:
    """Return the page that a lawyer can read: one self-contained HTML text."""
    files = sorted(pictures.glob("*.png"))
    return (
        templates_beside(__file__)
        .get_template("audit.html.j2")
        .render(
            audit=audit,
            title=_title,
            attribute=lambda name: (
                config.attributes[name].title if name in config.attributes else name
            ),
            pictures={
                f.stem.replace("_", " "): base64.b64encode(f.read_bytes()).decode() for f in files
            },
        )
    )


def _title(inputs: str) -> str:
    """Return inputs in the words of the catalogue."""
    names = inputs.split(JOINED)
    return JOINED.join(BY_NAME[name].title if name in BY_NAME else name for name in names)
