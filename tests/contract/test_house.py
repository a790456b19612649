"""The house: whose packages these are, who imports whom, and how long a file may be."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

import features
import models
import risk_index

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("features", "models", "risk_index")
LONGEST_FILE = 400
TRACKER = "risk_index.tracking"


def sources(*folders: str) -> Iterator[Path]:
    """Python files under the named top-level folders, in a fixed order."""
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    """Dotted name of a source file, `features/asof.py` as `features.asof`."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(tree: ast.AST) -> Iterator[str]:
    """Dotted names that a module imports, at any depth of its code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module or ''}.{alias.name}" for alias in node.names)


def docstrings(tree: ast.AST) -> set[int]:
    """Identities of the nodes that are docstrings or other bare strings."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def attribute_reads(tree: ast.AST) -> Iterator[int]:
    """Lines where code names the table of audited attributes: a string, a name or an import."""
    prose = docstrings(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in prose:
                # the name alone or as a file: a sentence that speaks of attributes reads none
                if text.split(".")[0].rsplit("/", 1)[-1] == "attributes":
                    yield node.lineno
            case ast.Name(id="attributes") | ast.Attribute(attr="attributes"):
                yield node.lineno
            case ast.Import() | ast.ImportFrom():
                if any("attributes" in name.split(".") for name in imported(node)):
                    yield node.lineno


@pytest.mark.parametrize("package", [features, models, risk_index], ids=PACKAGES)
def test_the_imported_package_is_ours(package):
    """`features` and `models` are names that others have used, too."""
    home = Path(package.__file__).resolve().parent.parent
    assert home == ROOT or list(home.glob("corporate_risk_index-*.dist-info"))


def test_the_packages_and_the_settings_lie_side_by_side():
    homes = {Path(p.__file__).resolve().parent.parent for p in (features, models, risk_index)}
    assert len(homes) == 1
    assert (homes.pop() / "configs").is_dir()


@pytest.mark.parametrize(
    "folder", ["risk_index", "features", "models", "notebooks", "tests", "configs"]
)
def test_every_room_stands_where_it_is_promised(folder):
    assert (ROOT / folder).is_dir()


def test_the_import_contracts_hold(capsys):
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True)
    assert status == 0, capsys.readouterr().out


def test_only_tracking_imports_mlflow():
    importers = {
        module_name(path)
        for path in sources(*PACKAGES)
        for name in imported(ast.parse(path.read_text(encoding="utf-8")))
        if name.split(".")[0] == "mlflow"
    }
    assert {name for name in importers if not name.startswith(f"{TRACKER}.")} == set()


def test_no_feature_and_no_model_reads_audited_attributes():
    reads = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources("features", "models")
        for line in attribute_reads(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert reads == []


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("'''The attributes are audited.'''", 0),
        ("remedy = 'Drop the column: attributes are for the audit.'", 0),
        ("read('attributes')", 1),
        ("read(folder / 'attributes.parquet')", 1),
        ("from risk_index.fairness import attributes", 1),
        ("table = records.attributes", 1),
    ],
)
def test_a_read_of_attributes_would_be_seen(code, seen):
    assert len(list(attribute_reads(ast.parse(code)))) == seen


def test_no_source_file_is_over_long():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in sources(*PACKAGES, "tests", "benchmarks", "notebooks")
    }
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}


def test_the_locks_agree_with_each_other():
    """What is tested is what runs: every library of the run lock, at its version."""
    run, dev = (
        {
            line.split(" ")[0]
            for line in (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
            if "==" in line and not line.startswith((" ", "#"))
        }
        for name in ("run.lock", "dev.lock")
    )
    assert run - dev == set()


def test_the_locks_name_every_direct_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (ROOT / "requirements" / "run.lock").read_text(encoding="utf-8")
    names = {_name(requirement) for requirement in project["dependencies"]}
    assert {name for name in names if f"\n{name}==" not in f"\n{lock}"} == set()


def _name(requirement: str) -> str:
    """Name of the library in a requirement such as `ibis-framework[duckdb]==12.*`."""
    end = next(i for i, char in enumerate(requirement) if char in "[<>=!~; ")
    return requirement[:end].lower().replace("_", "-")
