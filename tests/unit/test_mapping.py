"""Mappings: what a statement may read, what it may not, and how it names files."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.failures import RecordsError
from features.mapping import load_mapping
from features.records import open_records

INSPECTIONS = "SELECT 'I1' AS inspection_id, 'A' AS firm_id, DATE '2020-01-01' AS inspected_on"
FILES = {"firms.csv": "id,n\nA,alpha\n", "sub/a.csv": "id,n\nB,b\n", "sub/c.csv": "id,n\nC,c\n"}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A source folder, with a file beside it that is none of a mapping's business."""
    for name, text in FILES.items():
        file = tmp_path / "source" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (tmp_path / "secret.csv").write_text("id,n\nSECRET,s\n", encoding="utf-8")
    return tmp_path / "source"


def run(source: Path, firms: str, card: str = "title: t\n") -> list[tuple[str, str]]:
    """Run a mapping with this statement for firms; return ids and names."""
    folder = source.parent / "mapping"
    folder.mkdir(exist_ok=True)
    (folder / "mapping.yaml").write_text(card, encoding="utf-8")
    (folder / "firms.sql").write_text(firms, encoding="utf-8")
    (folder / "inspections.sql").write_text(f"{INSPECTIONS} WHERE false", encoding="utf-8")
    with open_records(source, load_mapping(folder)) as records:
        found = records.table("firms").order_by("firm_id").execute()
    return list(zip(found.firm_id, found.name, strict=True))


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("SELECT id AS firm_id, n AS name FROM 'firms.csv'", "A"),
        ("FROM read_csv('firms.csv') SELECT id AS firm_id, n AS name", "A"),
        ("SELECT id AS firm_id, n AS name FROM read_csv('sub/*.csv', all_varchar = true)", "BC"),
        ("SELECT id AS firm_id, n AS name FROM read_csv('**/*.csv')", "ABC"),
        ("SELECT id AS firm_id, n AS name FROM read_csv(['firms.csv', 'sub/c.csv'])", "AC"),
        (
            "SELECT l.id AS firm_id, r.n AS name FROM 'firms.csv' l JOIN 'firms.csv' r USING (id)",
            "A",
        ),
        (
            "WITH x AS (SELECT * FROM 'sub/a.csv') SELECT id AS firm_id, n AS name FROM x; -- end",
            "B",
        ),
    ],
)
def test_files_are_named_relative_to_the_source(
    query: str, ids: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "sub").mkdir(parents=True)
    (elsewhere / "firms.csv").write_text("id,n\nWRONG,w\n", encoding="utf-8")
    (elsewhere / "sub" / "a.csv").write_text("id,n\nWRONG,w\n", encoding="utf-8")
    monkeypatch.chdir(elsewhere)
    assert "".join(firm_id for firm_id, _ in run(source, query)) == ids


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('{beside}')",
        "SELECT * FROM '{beside}'",
        "SELECT * FROM read_csv('../secret.csv')",
        "SELECT * FROM read_csv('sub/../../secret.csv')",
        "SELECT * FROM read_csv('{source}/../secret.csv')",
        "SELECT * FROM read_csv('secret.csv')",
        "SELECT * FROM read_csv('sec' || 'ret.csv')",
        "SELECT content AS firm_id FROM read_text('/etc/hostname')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT file AS firm_id FROM glob('/etc/*')",
        "SELECT * FROM read_csv('link.csv')",
        "SELECT * FROM read_csv('*.csv', union_by_name = true)",
        "SELECT * FROM read_csv('https://example.org/x.csv')",
        "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
        "SELECT * FROM sqlite_scan('{beside}', 't')",
        "SELECT * FROM query('COPY (SELECT 1) TO ''x.csv''')",
        "SELECT getenv('HOME') AS firm_id",
    ],
)
def test_nothing_outside_the_source_can_be_read(
    query: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even through a link inside the folder: what an extract links to was never handed over."""
    monkeypatch.chdir(tmp_path)
    (source / "link.csv").symlink_to(tmp_path / "secret.csv")
    before = sorted(tmp_path.rglob("*"))
    statement = query.format(beside=tmp_path / "secret.csv", source=source)
    with pytest.raises(RecordsError, match=r"firms\.sql fails: .*only files of the"):
        run(source, statement)
    assert [path for path in sorted(tmp_path.rglob("*")) if "mapping" not in path.parts] == before


@pytest.mark.parametrize("name", ["../secret.csv", "{beside}", "link.csv", "sub/../../secret.csv"])
def test_encodings_name_files_of_the_source_only(name: str, source: Path, tmp_path: Path) -> None:
    (source / "link.csv").symlink_to(tmp_path / "secret.csv")
    name = name.format(beside=tmp_path / "secret.csv")
    with pytest.raises(RecordsError, match="lies outside the source folder"):
        run(source, f"SELECT id AS firm_id FROM '{name}'", f"encodings:\n  {name}: latin-1\n")


def test_stated_encodings_are_decoded(source: Path) -> None:
    (source / "firms.csv").write_bytes("id,n\nA,北京\n".encode("gb18030"))
    (source / "sub" / "a.csv").write_bytes("id,n\nB,Café\n".encode("utf-16"))
    (source / "a.csv").write_bytes("id,n\nC,Élan\n".encode("latin-1"))
    card = "encodings:\n  firms.csv: gb18030\n  sub/a.csv: utf-16\n  a.csv: latin-1\n"
    query = (
        "SELECT id AS firm_id, n AS name FROM 'firms.csv' UNION ALL FROM read_csv('sub/a.csv') "
        "UNION ALL FROM 'a.csv'"
    )
    assert run(source, query, card) == [("A", "北京"), ("B", "Café"), ("C", "Élan")]


def test_texts_that_look_like_patterns_stay_texts(source: Path) -> None:
    """Only what stands for a file becomes a path: '*' and '[a-z]*' match files too."""
    query = (
        "SELECT replace('x*y', '*', '+') AS firm_id, "
        "regexp_extract('alpha 1', '[a-z]*') || concat('', 'firms.csv') AS name "
        "FROM read_csv('firms.csv', delim = ',', columns = {'id': 'VARCHAR', 'n': 'VARCHAR'})"
    )
    assert run(source, query) == [("x+y", "alphafirms.csv")]


def test_a_folder_with_brackets_in_its_name(source: Path) -> None:
    odd = source.rename(source.with_name("source [1] 'a*'"))
    query = "SELECT id AS firm_id, n AS name FROM read_csv('sub/*.csv')"
    assert run(odd, query) == [("B", "b"), ("C", "c")]
    assert run(odd, "SELECT id AS firm_id, n AS name FROM 'firms.csv'") == [("A", "alpha")]


@pytest.mark.parametrize("path", ["nowhere", "firms.csv"])
def test_the_source_is_a_folder(path: str, source: Path) -> None:
    run(source, "SELECT id AS firm_id FROM 'firms.csv'")
    mapping = load_mapping(source.parent / "mapping")
    with pytest.raises(RecordsError, match="Give the folder"), open_records(source / path, mapping):
        pass


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("5\n", "holds no lines"),
        ("- a\n", "holds no lines"),
        ("1: 2\n", "unknown keys"),
        ("encodings: latin-1\n", "no lines `file: encoding`"),
        ("encodings: {5: latin-1}\n", "no lines `file: encoding`"),
        ("encodings: {firms.csv: 5}\n", "no lines `file: encoding`"),
        ("encodings: {firms.csv: base64}\n", "not a text encoding"),
        ("encodings: {nowhere.csv: latin-1}\n", "nowhere.csv cannot be read"),
        ("encodings: {sub: latin-1}\n", "sub cannot be read"),
    ],
)
def test_faults_of_the_card(card: str, message: str, source: Path) -> None:
    with pytest.raises(RecordsError, match=message):
        run(source, "SELECT id AS firm_id FROM 'firms.csv'", card)


def test_an_empty_card_will_do(source: Path) -> None:
    assert run(source, "SELECT id AS firm_id, n AS name FROM 'firms.csv'", "") == [("A", "alpha")]
