"""What a sampling frame may hold, and what is said about one that breaks a rule."""

from __future__ import annotations

import pytest

from risk_index.draw.errors import FrameError
from risk_index.draw.frame import REMEDY
from risk_index.draw.sealed import find_line, pick_lines, read_sealed, seal
from tests.spec.draw_rounds import FIRMS, HEADER, SECRET, frame_file, line, many_firms

A = line("A", "s", 5, 1)


def sealed(tmp_path, lines):
    return seal(frame_file(tmp_path / "frame.csv", lines), tmp_path / "sealed.csv", SECRET)


def refusal(tmp_path, lines):
    with pytest.raises(FrameError) as caught:
        sealed(tmp_path, lines)
    return str(caught.value)


def test_a_frame_is_read_as_it_stands(tmp_path):
    frame = sealed(tmp_path, None)
    assert frame.strata == ("Ost, grün", "north", "south|market")
    assert frame.ppb.tolist() == [ppb for _, _, ppb, _ in FIRMS]
    assert frame.floor.tolist() == [floor for *_, floor in FIRMS]
    assert [frame.strata[h] for h in frame.stratum] == [stratum for _, stratum, *_ in FIRMS]


def test_the_sealed_frame_reads_back_the_same(tmp_path):
    frame = sealed(tmp_path, None)
    again = read_sealed(tmp_path / "sealed.csv")
    assert again.leaves == frame.leaves
    assert again.strata == frame.strata
    assert again.ppb.tolist() == frame.ppb.tolist()


def test_rows_are_sorted_by_the_bytes_of_the_identifier(tmp_path):
    ids = ["B", "a", "Z", "é", "z", "中", "A", "A,1"]
    sealed(tmp_path, [line(name, "s", 1, 0) for name in ids])
    lines = (tmp_path / "sealed.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [row.rsplit(",s,s,", 1)[0] for row in lines] == [
        "A", '"A,1"', "B", "Z", "a", "z", "é", "中",
    ]  # fmt: skip


def test_needless_quotes_change_nothing(tmp_path):
    plain = sealed(tmp_path, [A, line("B", "s", 1, 0)])
    needless = sealed(tmp_path, [A.replace("A,s,s", '"A",s,"s"'), line("B", "s", 1, 0)])
    assert needless.leaves == plain.leaves


def test_an_empty_region_is_no_offence(tmp_path):
    plain, quotes = A.replace(",s,s,C1", ",s,,C1"), A.replace(",s,s,C1", ',s,"",C1')
    assert sealed(tmp_path, [plain]).leaves == sealed(tmp_path, [quotes]).leaves


def test_a_missing_last_line_feed_changes_nothing(tmp_path):
    whole = sealed(tmp_path, [A])
    path = tmp_path / "frame.csv"
    path.write_text(f"{HEADER}\n{A}", encoding="utf-8")
    assert seal(path, tmp_path / "other.csv", SECRET).leaves == whole.leaves


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (line("B", "s", 1_000_000_001, 0), "probability_ppb is at most 1000000000"),
        (line("B", "s", "007", 0), "probability_ppb is a whole number of billionths"),
        (line("B", "s", "+7", 0), "probability_ppb is a whole number of billionths"),
        (line("B", "s", "-7", 0), "probability_ppb is a whole number of billionths"),
        (line("B", "s", "7.0", 0), "probability_ppb is a whole number of billionths"),
        (line("B", "s", "1_0", 0), "probability_ppb is a whole number of billionths"),
        (line("B", "s", "١", 0), "probability_ppb is a whole number of billionths"),
        (line("B", "s", "", 0), "probability_ppb is a whole number of billionths"),
        (line("B", "s", 7, 8), "floor_ppb is at most probability_ppb"),
        (line("B", "s", 7, 1, "1.5,1"), "likelihood is at most 1"),
        (line("B", "s", 7, 1, "nan,1"), "likelihood is a plain decimal number"),
        (line("B", "s", 7, 1, "0.5,"), "expected_harm is a plain decimal number"),
        (line("B", "s", 7, 1, "0.5,1e999"), "expected_harm is finite"),
        (line("B", "s", 7, 1, "0.5,-1"), "expected_harm is a plain decimal number"),
        (line("B", "", 7, 1), "stratum has text"),
        ("B,s,s,C1,7,1,0.5", "line has 8 fields"),
        ("B,s,s,C1,7,1,0.5,1,1", "line has 8 fields"),
        ("B\x01,s,s,C1,7,1,0.5,1", "firm_id has text without control characters"),
        ("B,s,s,C1,7,1,0.5,1\r", "line is UTF-8 and CSV"),
        ('B,s"s,s,C1,7,1,0.5,1\r', "line is UTF-8 and CSV"),
        ('"B,s,s,C1,7,1,0.5,1', "line is UTF-8 and CSV"),
    ],
)
def test_a_row_that_breaks_a_rule_is_named(tmp_path, row, rule):
    text = refusal(tmp_path, [A, row])
    assert rule in text
    assert "1 row not, such as" in text
    assert text.endswith(REMEDY)


def test_bytes_that_are_no_utf8_are_named(tmp_path):
    path = tmp_path / "frame.csv"
    path.write_bytes(f"{HEADER}\n{A}\n".encode() + b"B\xff,s,s,C1,7,1,0.5,1\n")
    with pytest.raises(
        FrameError, match="line is UTF-8 and CSV without carriage returns: 1 row not"
    ):
        seal(path, tmp_path / "sealed.csv", SECRET)


def test_all_rules_are_reported_at_once_with_count_and_first_firms(tmp_path):
    rows = [line(f"X{i}", "s", 2, 3) for i in range(5)] + [line("Y", "s", "x", 0)]
    text = refusal(tmp_path, rows)
    assert "floor_ppb is at most probability_ppb: 5 rows not, such as X0, X1, X2\n" in text
    assert "probability_ppb is a whole number" in text


def test_a_firm_that_occurs_twice_is_refused(tmp_path):
    assert "firm_id occurs once: 1 row not, such as A" in refusal(tmp_path, [A, A])
    rows = [A, line("B", "s", 1, 0), line("A", "t", 2, 0)]
    assert "firm_id occurs once: 1 row not, such as A" in refusal(tmp_path, rows)


def test_no_rows_are_refused(tmp_path):
    assert "has no rows" in refusal(tmp_path, [])


@pytest.mark.parametrize("start", ["\ufeff" + HEADER, HEADER + "\r", "firm_id,probability"])
def test_another_header_is_refused(tmp_path, start):
    path = tmp_path / "frame.csv"
    path.write_text(f"{start}\n{A}\n", encoding="utf-8", newline="\n")
    with pytest.raises(FrameError, match="the first is firm_id,stratum,region"):
        seal(path, tmp_path / "sealed.csv", SECRET)


def test_who_gives_the_ranking_is_told_of_the_frame_beside_it(tmp_path):
    frame = frame_file(tmp_path / "ranked.frame.csv", None)
    ranked = tmp_path / "ranked.csv"
    ranked.write_text('\ufeff"rank","firm_id"\n', encoding="utf-8")
    with pytest.raises(FrameError) as caught:
        seal(ranked, tmp_path / "sealed.csv", SECRET)
    assert str(caught.value).endswith(f"Give {frame}, the frame of this ranking.")


def test_a_missing_frame_is_named(tmp_path):
    with pytest.raises(FrameError, match=r"none\.csv does not exist"):
        seal(tmp_path / "none.csv", tmp_path / "sealed.csv", SECRET)


def test_a_sealed_frame_in_another_order_is_refused(tmp_path):
    sealed(tmp_path, None)
    path = tmp_path / "sealed.csv"
    head, first, second, *rest = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([head, second, first, *rest]), encoding="utf-8")
    with pytest.raises(FrameError, match="firm_id is in byte order: 1 row not, such as A1"):
        read_sealed(path)


def test_a_sealed_frame_with_a_short_salt_or_needless_quotes_is_refused(tmp_path):
    sealed(tmp_path, [A])
    path = tmp_path / "sealed.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[:-2] + "\n", encoding="utf-8")
    with pytest.raises(FrameError, match="salt is 64 hex digits"):
        read_sealed(path)
    path.write_text(text.replace("\nA,", '\n"A",'), encoding="utf-8")
    with pytest.raises(FrameError, match="line is quoted where needed only"):
        read_sealed(path)


def test_lines_are_found_by_firm_and_by_place(tmp_path):
    sealed(tmp_path, None)
    path = tmp_path / "sealed.csv"
    lines = path.read_bytes().splitlines()[1:]
    assert find_line(path, 'C "1", Ltd') == (10, lines[10])
    assert find_line(path, "C") is None
    assert list(pick_lines(path, [0, 3, 11])) == [lines[0], lines[3], lines[11]]
    assert list(pick_lines(path, [])) == []


def test_many_chunks_are_one_frame(tmp_path, monkeypatch):
    rows = many_firms(300)
    one = sealed(tmp_path, rows)
    monkeypatch.setattr("risk_index.draw.frame.CHUNK_BYTES", 1000)
    monkeypatch.setattr("risk_index.draw.sealed.ROWS_AT_ONCE", 7)
    for order in (rows, rows[::-1]):
        many = sealed(tmp_path, order)
        assert many.leaves == one.leaves
        assert many.stratum.tolist() == one.stratum.tolist()
    path = tmp_path / "sealed.csv"
    assert find_line(path, "F00250") == (250, path.read_bytes().splitlines()[251])
    assert len(list(pick_lines(path, range(300)))) == 300
