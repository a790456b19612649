"""The page of the settings, written from the files of ``configs/`` that declare them."""

from __future__ import annotations

from collections.abc import Iterator

from risk_index.settings import CONFIGS, FILES, Setting, declared_in, read_yaml

TITLE = """\
# Settings

{notice}

Give what is yours in one YAML file, `setting: value` a line, to `--settings` of `fit`, `rank`, `run` and the
others; limits of the gates to `--gates` of `retrain`. An unknown name and a value out of range are refused. A
value holds from its day on, and the as-of date decides which one is used.

Lists of orders (minimum visits, costs, campaigns, grace periods) have their form in `configs/orders.yaml`,
the statements of the authority in [the model card's list](model-card.md#what-the-authority-states), the
audit's rules in `configs/fairness.yaml`, those of the simulation and the synthetic registry in
`configs/simulate.yaml` and `configs/world.yaml`, each with meaning, unit and range."""
GATES = "gates.yaml"
PURPOSES = {
    "index.yaml": "Training and index",
    "tiers.yaml": "Tiers, capacity and frequency",
    "law.yaml": "How long a penalty may be used",
    GATES: "Gates of `retrain`",
}


def settings_page(notice: str) -> str:
    """Return every single setting with meaning, range and dated values, as Markdown."""
    lines = [TITLE.format(notice=notice)]
    for name in (*FILES, GATES):
        lines += ["", f"## {PURPOSES[name]}", "", f"`configs/{name}`", ""]
        lines += ["| setting | meaning | unit | allowed | value |", "|---" * 5 + "|"]
        lines += _rows(name)
    return "\n".join(lines) + "\n"


def _rows(file: str) -> Iterator[str]:
    content = read_yaml(CONFIGS / file)
    single = {name: entry for name, entry in content.items() if isinstance(entry, dict)}
    for name, setting in declared_in(CONFIGS / file, single).items():
        cells = (f"`{name}`", setting.meaning, setting.unit, _allowed(setting), _values(setting))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _allowed(setting: Setting) -> str:
    if setting.choices:
        return ", ".join(f"`{choice}`" for choice in setting.choices)
    return f"{setting.range[0]:g} to {setting.range[1]:g}" if setting.range else ""


def _values(setting: Setting) -> str:
    if len(setting.values) == 1:
        return _code(setting.values[0].value)
    return "; ".join(f"{_code(dated.value)} from {dated.start} on" for dated in setting.values)


def _code(value: float | str) -> str:
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"
