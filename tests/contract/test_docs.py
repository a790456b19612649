"""The documents say what the code does: generated pages, README, glossary, decisions."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from risk_index.cli import main
from risk_index.ranked_rows import COLUMNS
from risk_index.reference import pages
from risk_index.settings import load_settings
from tests.contract.pages import commands

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*"))
GLOSSARY = ROOT / "docs" / "glossary.md"
PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "notebooks/README.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
HEADINGS = ["Context", "Decision", "Why", "What else was tried", "Consequences"]
LONGEST_DECISION = 60
FOLDERS = r"(?:features|models|risk_index|configs|docs|tests|notebooks|requirements|\.ci)"


def blocks(language: str) -> list[str]:
    """Fenced blocks of the README in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def paths(text: str) -> set[str]:
    """Files and folders of the project that a text names in backticks or links to."""
    named = set(re.findall(rf"`({FOLDERS}/[\w./-]*)`", text))
    return named | set(re.findall(r"\]\((?!https?:)([^)#]+)\)", text))


@pytest.mark.parametrize("name", sorted(pages()))
def test_generated_pages_are_fresh(name):
    """If this fails: python -m risk_index.reference."""
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == pages()[name]


def test_readme_shows_every_verb_and_no_other():
    shown = {words[0] for words in commands(README) if not words[0].startswith("-")}
    assert shown == set(main.commands)


def test_readme_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)`", README))
    named |= {
        line.split()[1] for b in blocks("sh") for line in b.splitlines() if line[:5] == "make "
    }
    assert {"demo", "test"} <= named <= targets


def test_readme_explains_every_column_in_order():
    section = README.split("**3. Read `ranked.csv`.**")[1].split("**4.")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert tuple(name for row in rows for name in re.findall(r"`(\w+)`", row)) == COLUMNS


def test_readme_settings_are_accepted(tmp_path):
    file, day = tmp_path / "settings.yaml", dt.date(2026, 8, 31)
    for example in blocks("yaml"):
        file.write_text(example, encoding="utf-8")
        assert load_settings(day, file) != load_settings(day)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_files_exist(page):
    text = page.read_text(encoding="utf-8")
    lost = [p for p in paths(text) if not ((ROOT / p).exists() or (page.parent / p).exists())]
    assert lost == []


def test_glossary_is_sorted_and_names_real_modules():
    text = GLOSSARY.read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    words = [row[0] for row in rows[1:]]
    assert len(words) > 40
    assert words == sorted(set(words), key=str.lower)
    for word, meaning, module in rows[1:]:
        assert re.fullmatch(r"[^.]+\.", meaning.replace("0.", "")), f"{word}: one sentence"
        assert (ROOT / module.strip("`")).is_file(), word


@pytest.mark.parametrize("file", DECISIONS, ids=lambda file: file.name)
def test_decision_has_the_form(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", file.name)
    assert re.fullmatch(rf"# {file.name[:4]}: \S.*", lines[0])
    assert dt.date.fromisoformat(lines[2].removeprefix("Date: "))
    assert [line[3:] for line in lines if line.startswith("## ")] == HEADINGS
    assert len(lines) <= LONGEST_DECISION


def test_decisions_are_numbered_without_a_gap():
    numbers = [int(file.name[:4]) for file in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))


def code() -> Iterator[str]:
    """Texts of the modules and the settings."""
    for folder in ("features", "models", "risk_index", "configs"):
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in (".py", ".yaml"):
                yield file.read_text(encoding="utf-8")


def test_decisions_that_the_code_names_exist():
    numbers = {file.name[:4] for file in DECISIONS}
    named = {n for text in code() for n in re.findall(r"decisions?[ /](\d{4})", text)}
    assert named
    assert named <= numbers


SOURCED = re.compile(r"^\|[^|]+\| ([^|]+) \| `([\w-]+\.md)` \|$", re.MULTILINE)


def quoted() -> list[tuple[str, str]]:
    """Figures that the page of evidence quotes, each with the file that it names for it."""
    rows = SOURCED.findall((ROOT / "docs" / "evidence.md").read_text(encoding="utf-8"))
    return [(figure, source) for cell, source in rows for figure in cell.split("; ")]


@pytest.mark.parametrize(("figure", "source"), quoted())
def test_evidence_is_in_its_source(figure, source):
    found = (ROOT / "benchmarks" / "results" / source).read_text(encoding="utf-8")
    assert re.search(rf"(?<![\d.,]){re.escape(figure)}(?![\d,]|\.\d)", found)


def test_evidence_quotes_no_figure_without_a_source():
    page = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("|") and "---" not in line]
    headings = [line for line in rows if line.endswith("| source |")]
    assert len(headings) >= 4
    assert len(rows) == len(headings) + len(SOURCED.findall(page))
