"""What the manual shows happens: its blocks run, its commands parse, its figures are those of a run."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from tests.contract.made import FIRMS, SEED, Made
from tests.contract.pages import Room, alike, commands, understand

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += [ROOT / "notebooks" / "README.md", ROOT / "benchmarks" / "README.md"]
WORLD = f"risk-index world world --firms {FIRMS} --seed {SEED}"
RUN = "risk-index run world/records --as-of 2026-06-30 --out out"
LONG = ("rank", "explain", "audit")
ON_THE_SMALL_WORLD = ("quick-start", "read-a-reason", "object", "python")


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def small_world(made: Made, room: Path) -> dict[str, str]:
    """The small world and its run as the pages name them; what the two commands said."""
    (room / "world").symlink_to(made.records.parent)
    (room / "out").symlink_to(made.out)
    return {WORLD: "", RUN: made.said}


@pytest.mark.parametrize("name", ON_THE_SMALL_WORLD)
def test_a_page_on_the_small_world_does_what_it_says(
    name: str, small_world: dict[str, str]
) -> None:
    assert Room(small_world, unrun=LONG).follow(DOCS / f"{name}.md") > 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ON_THE_SMALL_WORLD[1:])
def test_so_do_its_long_commands(name: str, small_world: dict[str, str]) -> None:
    assert Room(small_world).follow(DOCS / f"{name}.md") > 1


def test_a_mapping_is_written_as_the_page_says(room: Path) -> None:
    assert Room({}).follow(DOCS / "write-a-mapping.md") > 5


@pytest.mark.slow
def test_the_tutorial_says_what_toronto_says(shared_data: Path, room: Path) -> None:
    (room / "toronto").symlink_to(shared_data / "toronto")
    (room / "configs").symlink_to(ROOT / "configs")
    assert Room({}).follow(DOCS / "tutorial.md") > 5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_on_a_page_is_understood(page: Path) -> None:
    for words in commands(page.read_text(encoding="utf-8")):
        understand(words)


def test_commands_are_found_on_the_pages() -> None:
    found = {page.name: len(commands(page.read_text(encoding="utf-8"))) for page in PAGES}
    assert found["quick-start.md"] >= 5
    assert sum(found.values()) >= 50, found


@pytest.mark.parametrize(
    "line",
    [
        "`risk-index chekc RECORDS`",
        "`risk-index draw comit FRAME`",
        "`risk-index fit ... --withuot INPUT`",
        "```sh\nrisk-index check RECORDS --otu DIR\n```",
        "```sh\nrisk-index rank RECORDS --as-of 2026-06-31 --model RUN\n```",
        "```console\n$ risk-index fit RECORDS --out RUN\n```",
    ],
)
def test_a_wrong_command_would_be_seen(line: str) -> None:
    (words,) = commands(line)
    with pytest.raises(click.UsageError):
        understand(words)


@pytest.mark.parametrize(
    ("shown", "said", "same"),
    [
        ("AUC 0.663 of  a", "AUC 0.664 of a", True),
        ("AUC 0.663", "AUC 0.763", False),
        ("3 rows", "4 rows", False),
        ("own inspections: +8.3", "sector: +8.3", False),
    ],
)
def test_a_figure_that_no_run_gives_would_be_seen(shown: str, said: str, same: bool) -> None:
    assert alike(shown, said) is same


@pytest.mark.parametrize(
    "block",
    [
        "```sh\nfalse\n```\n",
        "```sh\necho one\n```\n\n```text\ntwo\n```\n",
        "```python\n1 / 0\n```\n",
        "```sh\nrisk-index check nowhere --out check\n```\n",
    ],
)
def test_a_block_that_does_not_do_what_it_says_would_be_seen(block: str, room: Path) -> None:
    page = room / "page.md"
    page.write_text(block, encoding="utf-8")
    with pytest.raises(Exception):  # noqa: B017, PT011 - of the block itself, or of the comparison
        Room({}).follow(page)
