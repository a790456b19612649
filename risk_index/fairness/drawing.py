"""Pictures of an audit, drawn without a screen: gaps with their band by chance, strength, remedies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from risk_index.fairness.findings import Audit
from risk_index.fairness.flags import Flag, Measured

MOST_ROWS = 20
COLOURS = {"RED": "#b42318", "AMBER": "#b54708"}
OTHER = "#475467"


def draw_audit(audit: Audit, folder: Path) -> list[str]:
    """Write the pictures that there is something to show in, as PNG files; return their names."""
    folder.mkdir(parents=True, exist_ok=True)
    measured = [flag for flag in audit.flags if flag.gap.value is not None]
    figures: dict[str, Figure] = {}
    if measured:
        figures["gaps"] = gaps(_strongest(measured))
    if any(f.strength.value is not None and f.weight.value is not None for f in measured):
        figures["strength_and_weight"] = strength_and_weight(measured)
    if any(flag.remedies for flag in audit.flags):
        figures["before_and_after"] = before_and_after(audit.flags)
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", dpi=110, metadata={"Software": None})
    return sorted(figures)


def gaps(flags: Sequence[Flag]) -> Figure:
    """Draw each input's gap between groups at equal risk, with the band that chance alone gives."""
    figure, axes = _axes(
        "Contribution to the margin: group against others at equal risk",
        "gap in log-odds (grey: 95 % band by chance)",
        rows=len(flags),
    )
    for place, flag in enumerate(reversed(flags)):
        band = flag.null_band or 0.0
        axes.barh(place, 2 * band, left=-band, height=0.6, color="0.88", zorder=1)
        _interval(axes, flag.gap, place, _colour(flag))
    axes.axvline(0, color="0.5", lw=1)
    axes.set_yticks(range(len(flags)), [_name(flag) for flag in reversed(flags)])
    return figure


def strength_and_weight(flags: Sequence[Flag]) -> Figure:
    """Draw how well inputs tell the attribute against how much of their weight they earn."""
    figure, axes = _axes(
        "Does it stand in for the attribute, and does it earn its weight?",
        "how well it tells the attribute at equal risk (area under the curve)",
        rows=10,
    )
    for flag in flags:
        x, y = flag.strength.value, flag.weight.value
        if x is None or y is None:
            continue
        axes.plot(x, min(max(y, -1.0), 2.0), "o", color=_colour(flag))
        if flag.red:
            axes.annotate(_name(flag), (x, min(max(y, -1.0), 2.0)), xytext=(4, 4),
                          textcoords="offset points", fontsize=8)  # fmt: skip
    axes.axhline(1, color="0.6", lw=1)
    axes.axhline(0.5, color="0.6", lw=1, ls="--")
    axes.axvline(0.6, color="0.6", lw=1, ls="--")
    axes.set_ylabel("share of its weight earned on random draws\n(1 all, 0 none; cut at -1 and 2)")
    return figure


def before_and_after(flags: Sequence[Flag]) -> Figure:
    """Draw the burden ratio of the release and under every remedy tried."""
    shown = [(flag, remedy) for flag in flags for remedy in flag.remedies][:MOST_ROWS]
    figure, axes = _axes(
        "Burden of compliant firms at equal risk, before and after",
        "group over others (1: equal; hollow: before)",
        rows=len(shown),
    )
    for place, (flag, remedy) in enumerate(reversed(shown)):
        axes.plot(remedy.burden_before.value, place, "o", mfc="white", mec="0.4")
        named = flag.named is not None and flag.named == remedy
        _interval(axes, remedy.burden_after, place, "#067647" if named else OTHER)
    labels = [f"{f.attribute}: {_short(r.remedy)}" for f, r in reversed(shown)]
    axes.set_yticks(range(len(shown)), labels)
    axes.axvline(1, color="0.5", lw=1)
    return figure


def _axes(title: str, x: str, rows: int) -> tuple[Figure, Any]:
    figure = Figure(figsize=(9.5, max(3.0, 1.4 + 0.33 * rows)), layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title, xlabel=x)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", labelsize=8)
    return figure, axes


def _interval(axes: Any, figure: Measured, place: float, colour: str) -> None:
    if figure.value is None:
        return
    low = figure.value if figure.low is None else figure.low
    high = figure.value if figure.high is None else figure.high
    axes.plot([low, high], [place, place], color=colour, lw=1.5, zorder=2)
    axes.plot(figure.value, place, "o", color=colour, zorder=3)


def _strongest(flags: Sequence[Flag]) -> list[Flag]:
    """Return the flags with the largest gaps, the gravest verdicts first."""
    return sorted(flags, key=lambda f: (not f.red, -abs(f.gap.value or 0.0)))[:MOST_ROWS]


def _colour(flag: Flag) -> str:
    return next((c for word, c in COLOURS.items() if flag.verdict.startswith(word)), OTHER)


def _name(flag: Flag) -> str:
    return f"{_short(flag.input)} / {flag.attribute} {flag.group}".strip()


def _short(text: str, most: int = 48) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
