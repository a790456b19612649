"""Encodings of text files: Chinese is read, what only decodes is refused, guesses are said."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.encodings import encoding_of, guess_of
from features.failures import RecordsError
from features.records import open_records

VISITS = "inspection_id,firm_id,inspected_on,violation\nV1,A,2020-01-02,0\n"
KOREAN = "주식회사 서울식품 부산광역시 해운대구 음식점 위생 점검 결과 적합 대한민국 제조업"
JAPANESE = "株式会社東京食品 大阪市中央区 飲食店 衛生検査 結果 適合 製造業 商事 こうじょう"
CHINESE = "深圳市腾讯计算机系统有限公司 佛山市顺德区美的制冷设备 瀚海睿翔 鄂尔多斯市餐馆"


def written(folder: Path, name: str, encoding: str) -> Path:
    """Write firms with one name in an encoding, and visits."""
    text = f"firm_id,name,registered_on\nA,{name},2001-01-01\n"
    (folder / "firms.csv").write_bytes(text.encode(encoding))
    (folder / "inspections.csv").write_text(VISITS, encoding="utf-8")
    return folder / "firms.csv"


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("Москва Ростовторг", "cp1251"),
        (KOREAN, "euc_kr"),
        (JAPANESE, "euc_jp"),
        ("臺北市食品有限公司", "big5"),
    ],
)
def test_what_only_decodes_is_refused(name: str, encoding: str, tmp_path: Path) -> None:
    written(tmp_path, name, encoding)
    with pytest.raises(RecordsError) as caught, open_records(tmp_path):
        pass
    (failure,) = caught.value.failures
    assert "firms.csv" in failure.rule
    assert "state its encoding under `encodings` in mapping.yaml" in failure.remedy


@pytest.mark.parametrize("name", [CHINESE, "甲", "瀚淼商店", "甲,鑫淼"])
@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "gb2312"])
def test_chinese_is_read(name: str, encoding: str, tmp_path: Path) -> None:
    assert encoding_of(written(tmp_path, name, encoding)) == "gb18030"


def test_a_guess_is_said(tmp_path: Path) -> None:
    for name, line in (
        ("甲店", "firms.csv: read as GB18030, a guess on 2 Chinese characters: look at the names"),
        (CHINESE, "firms.csv: read as GB18030"),
    ):
        written(tmp_path, name, "gb18030")
        with open_records(tmp_path) as records:
            assert records.table("firms").execute().name.tolist() == [name]
            assert records.quality.recognised == (line,)


def test_what_is_certain_is_not_called_a_guess(tmp_path: Path) -> None:
    assert not guess_of(written(tmp_path, CHINESE, "utf-8"))
    assert not guess_of(written(tmp_path, CHINESE, "utf-16"))
    assert not guess_of(tmp_path / "absent.csv")
