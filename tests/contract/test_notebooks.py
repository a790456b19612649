"""Notebooks tell and never define; they run as they stand, and are stored with what they showed."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LARGEST = 1_000_000
LONGEST_RUN = 900
RUN = "from nbclient.cli import main; main()"
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
MACHINE_PATH = re.compile(r"""(?:^|[\s"'(=])(?:file://)?(?:/[\w.-]+){2,}|[A-Za-z]:\\\w""")
FORBIDDEN = ("debias", "fair model", "bad firm", "untrustworthy")
FINDINGS = {
    "03_fairness_audit": (
        "RED-confirmed: registered_capital stands in for legal_rep_age 50 and over; remedy: leave out",
        "RED-confirmed: complaint_visits stands in for sentiment bad (below 0); remedy: "
        "let more of complaint_visits only lower the likelihood",
        "fairness audit: legitimate but disparate",  # the refit has no RED left
    )
}
"""Lines that a notebook's prose rests on."""

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> Any:
    """Read a notebook; one that breaks the format is refused."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in code(notebook) for output in cell.outputs]


def texts(notebook: Any) -> Iterator[str]:
    """Yield everything that outputs say in words."""
    for output in outputs(notebook):
        if "text" in output:
            yield output.text
        yield from (t for kind, t in output.get("data", {}).items() if kind.startswith("text/"))


def complaints(notebook: Any) -> list[str]:
    """What went wrong in a run: errors, and whatever was written to stderr, warnings among it."""
    wrong = [f"{o.ename}: {o.evalue}" for o in outputs(notebook) if o.output_type == "error"]
    return wrong + [o.text for o in outputs(notebook) if o.get("name") == "stderr"]


def environment(room: Path) -> dict[str, str]:
    """Return an environment in which `python3` is this interpreter and the checkout is imported."""
    kernel = room / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    own = {
        "JUPYTER_PATH": "jupyter",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "IPYTHONDIR": "ipython",
    }
    inherited = {k: v for k, v in os.environ.items() if k not in ("MPLBACKEND", "PYTHONWARNINGS")}
    return inherited | {k: str(room / v) for k, v in own.items()} | {"PYTHONPATH": str(ROOT)}


RUNS = [pytest.param(path, id=path.stem, marks=pytest.mark.slow) for path in NOTEBOOKS]
"""Every run takes a minute or two."""


@pytest.fixture(scope="module", params=RUNS)
def executed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Any]:
    """Name and cells of a notebook after a run in an empty folder, in a process of its own."""
    path: Path = request.param
    room = tmp_path_factory.mktemp(path.stem)
    work = room / "work"
    work.mkdir()
    notebook = read(path)
    for cell in code(notebook):
        cell.outputs = []
    nbformat.write(notebook, work / path.name)
    words = ["--inplace", "--allow-errors", "--kernel_name=python3", f"--timeout={LONGEST_RUN}"]
    done = subprocess.run(
        [sys.executable, "-c", RUN, *words, path.name],
        cwd=work,
        env=environment(room),
        capture_output=True,
        text=True,
        timeout=2 * LONGEST_RUN,
    )
    assert done.returncode == 0, done.stderr
    assert [left.name for left in work.iterdir()] == [path.name], "it leaves files behind"
    return path.stem, read(work / path.name)


def test_there_is_a_notebook():
    assert NOTEBOOKS


def test_it_runs_without_error_or_warning(executed):
    _, notebook = executed
    assert complaints(notebook) == []
    assert outputs(notebook)


def test_a_run_finds_what_its_prose_rests_on(executed):
    name, notebook = executed
    said = "\n".join(texts(notebook))
    assert [line for line in FINDINGS.get(name, ()) if line not in said] == []


@every_notebook
def test_it_tells_and_never_defines(path):
    defined = [
        f"cell {place}: {type(node).__name__}"
        for place, cell in enumerate(read(path).cells)
        if cell.cell_type == "code"
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, DEFINITIONS)
    ]
    assert defined == []


@every_notebook
def test_what_it_imports_is_there(path):
    asked = [
        (node.module, name.name)
        for cell in code(read(path))
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    ]
    assert asked
    modules = {module: import_module(module) for module, _ in asked}
    assert [pair for pair in asked if not hasattr(modules[pair[0]], pair[1])] == []


@every_notebook
def test_it_is_stored_as_it_ran(path):
    notebook = read(path)
    counts = [cell.execution_count for cell in code(notebook)]
    assert counts == list(range(1, len(counts) + 1)), "run all cells from the first to the last"
    assert outputs(notebook)
    assert complaints(notebook) == []
    assert path.stat().st_size < LARGEST


@every_notebook
def test_stored_outputs_say_what_a_run_finds(path):
    said = "\n".join(texts(read(path)))
    assert [line for line in FINDINGS.get(path.stem, ()) if line not in said] == []


@every_notebook
def test_no_cell_and_no_output_names_a_path_of_a_machine(path):
    notebook = read(path)
    written = [*texts(notebook), *(cell.source for cell in notebook.cells)]
    assert [found.group() for text in written for found in MACHINE_PATH.finditer(text)] == []


@every_notebook
def test_its_links_lead_somewhere(path):
    prose = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", prose)
    assert [link for link in links if not (path.parent / link).exists()] == []


@every_notebook
def test_its_prose_keeps_to_the_words_of_the_project(path):
    prose = "\n".join(cell.source for cell in read(path).cells).lower()
    assert [word for word in FORBIDDEN if word in prose] == []


@every_notebook
def test_the_readme_of_the_notebooks_names_it(path):
    assert path.name in (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("written to /tmp/abc/x.csv", True),
        ("'/home/someone/data'", True),
        ("C:\\Users\\someone", True),
        ("share 1/2/3, audit/audit.html, work / 'fit'", False),
        ("[page](../docs/fairness.md)", False),
        ("</td></tr>", False),
    ],
)
def test_a_path_of_a_machine_would_be_seen(text, seen):
    assert bool(MACHINE_PATH.search(text)) is seen


@pytest.mark.parametrize(
    ("output", "wrong"),
    [
        ({"output_type": "stream", "name": "stdout", "text": "1"}, []),
        ({"output_type": "stream", "name": "stderr", "text": "FutureWarning"}, ["FutureWarning"]),
        (
            {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []},
            ["ValueError: no"],
        ),
    ],
)
def test_what_went_wrong_would_be_seen(output, wrong):
    cell = nbformat.v4.new_code_cell("x", outputs=[nbformat.from_dict(output)])
    assert complaints(nbformat.v4.new_notebook(cells=[cell])) == wrong
