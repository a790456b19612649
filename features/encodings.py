"""Which encoding a text file is in, and the same file in UTF-8.

UTF-8 is tried first, then UTF-16 with its mark, then GB18030 (which holds GBK and GB 2312). Cyrillic, Korean
and Japanese bytes decode as GB18030 too, into characters that nobody writes: such text is refused, and what
is too short to tell is called a guess.
"""

from __future__ import annotations

import codecs
import gzip
import io
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from features.failures import RecordsError, refusal

ENCODING_REMEDY = "Save it as UTF-8, or state its encoding under `encodings` in mapping.yaml."
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BLOCK, _START = 1 << 20, 1 << 16
COMMON_SHARE = 0.9
"""Least share of signs in GB 2312's own area: Chinese text has nearly all there, Latin-1 hardly any."""
LEVEL_1_SHARE = 0.7
"""Least share of Chinese characters in GB 2312's first level; Cyrillic text lies in the second."""
FREQUENT_SHARE = 0.2
"""Least share of the most frequent characters; Korean text falls on characters at random."""
ENOUGH = 30
"""Fewer Chinese characters are too few to tell: the encoding is a guess."""
_FREQUENT = frozenset(
    "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心多"
    "天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知样现分将外但身"
    "些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第"
    "门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市路号区县镇乡村街道巷楼室层幢栋座广"
    "州京津沪渝省城江河湖南福建安徽浙苏云贵川陕甘青宁蒙辽吉黑龙司限责任股份有企单位个体工商户店厂场院所社合集团贸"
    "易科技食品餐饮药械材料服装饰物流运输设计咨询管理投资金属机械电子网络软件农林牧渔矿化建筑房程销售批发零制造加业"
    "统代码证编号称类型登记注册成立期金额元资本法定表状态存续销吊许可处罚决书违法事实依据机关结果检查抽合格未发现问题"
    "正常列入移出原因名单异严重失信超市便民百货酒楼饭馆面包蛋糕茶烟副粮油蔬菜果肉鲜美容理医诊卫生学校幼儿园汽车维修"
    "配件家具木竹纸印刷包装塑料橡胶玻璃陶瓷鑫盛华兴宏达顺泰恒源永祥瑞丰德利嘉康佳博远腾飞鸿富旺隆裕聚众诚和润辉甲乙"
    "丙丁戊店铺摊位张王李赵刘陈杨黄周吴"
)
"""Characters frequent in Chinese text, and in names, addresses and headings of registers."""


def opened(file: Path) -> BinaryIO:
    """Open a file for its bytes, unpacked where it is gzip."""
    packed = file.suffix.lower() == ".gz"
    return cast(BinaryIO, gzip.open(file, "rb")) if packed else file.open("rb")


def encoding_of(file: Path) -> str:
    """Return "utf-8", "utf-16" or "gb18030"; "utf-8" where the bytes are none of them.

    Text of another encoding is left to :func:`as_utf8`, which refuses it by name and place.

    Raises
    ------
    RecordsError
        Where the bytes are GB18030 and the characters are none that anybody writes.
    """
    try:
        found = _judged(file, *_state(file))
    except (OSError, EOFError, zlib.error):
        return "utf-8"  # as_utf8 says what is wrong with the file
    if found.encoding == "gb18030" and not found.is_plausible:
        rule = f"{file.name} is neither UTF-8 nor GB18030: as such it holds {found.share}"
        raise RecordsError([refusal(file.name, "", rule, ENCODING_REMEDY)])
    return found.encoding


def guess_of(file: Path) -> str:
    """Return a sentence on an encoding that was guessed; "" for one that is certain."""
    try:
        found = _judged(file, *_state(file))
    except (OSError, EOFError, zlib.error):
        return ""
    if found.encoding != "gb18030":
        return ""
    few = f", a guess on {found.chinese} Chinese characters: look at the names"
    return f"{file.name}: read as GB18030{few if found.chinese < ENOUGH else ''}"


@dataclass(frozen=True)
class _Judged:
    """An encoding, and what GB18030 makes of the bytes: characters, and how many are in use."""

    encoding: str
    chinese: int = 0
    level_1: int = 0
    frequent: int = 0
    others: int = 0

    @property
    def is_plausible(self) -> bool:
        """Tell whether somebody may have written these characters."""
        in_use = self.chinese < ENOUGH and self.level_1 >= LEVEL_1_SHARE * self.chinese
        frequent = self.frequent >= FREQUENT_SHARE * self.chinese
        return self.others <= self.chinese and (frequent or in_use)

    @property
    def share(self) -> str:
        """How many characters are in use, in words."""
        return (
            f"{self.chinese} Chinese characters, {self.level_1} of them in common use, {self.frequent} "
            f"frequent, and {self.others} letters of other scripts"
        )


def _state(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=256)
def _judged(file: Path, changed: int, size: int) -> _Judged:
    """Judge a file; asked again of the same state of it, the answer is kept."""
    with opened(file) as source:
        if source.read(2) in _UTF16_MARKS:
            return _Judged("utf-16")
    if _decodes(file, "utf-8") or not _decodes(file, "gb18030"):
        return _Judged("utf-8")
    return _as_gb18030(file)


def start_of(file: Path) -> str:
    """Return the first 64 KB of a text file, in whichever encoding reads them; "" where none does."""
    try:
        with opened(file) as source:
            start = source.read(_START)
    except (OSError, EOFError, zlib.error):
        return ""
    found = ("utf-16",) if start[:2] in _UTF16_MARKS else ("utf-8-sig", "gb18030")
    for encoding in found:
        try:
            return codecs.getincrementaldecoder(encoding)("strict").decode(start)
        except UnicodeDecodeError:
            continue
    return ""


def _blocks(file: Path) -> Iterator[bytes]:
    with opened(file) as source:
        while block := source.read(_BLOCK):
            yield block


def _decodes(file: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        for block in _blocks(file):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _as_gb18030(file: Path) -> _Judged:
    """Count what GB18030 makes of a file: signs by their row of GB 2312, and frequent ones."""
    rows, frequent, missing = np.zeros(256, dtype=np.int64), 0, 0
    decoder = codecs.getincrementaldecoder("gb18030")("strict")
    for block in _blocks(file):
        signs = "".join(char for char in decoder.decode(block) if char > "\x7f")
        known = signs.encode("gb2312", "ignore")
        missing += len(signs) - len(known) // 2
        rows += np.bincount(np.frombuffer(known, dtype=np.uint8)[::2], minlength=256)
        frequent += sum(char in _FREQUENT for char in signs)
    total = int(rows.sum())
    if total < COMMON_SHARE * (total + missing):
        return _Judged("utf-8")
    chinese, letters = rows[0xB0:0xF8], rows[0xA4:0xAA]
    return _Judged(
        "gb18030", int(chinese.sum()), int(rows[0xB0:0xD8].sum()), frequent, int(letters.sum())
    )


def as_utf8(name: str, file: Path, encoding: str, scratch: Path) -> Path:
    """Return `file` if it is UTF-8, else a copy in UTF-8 in the folder `scratch`.

    Raises
    ------
    RecordsError
        Where the bytes are not text of the stated encoding.
    """
    target = Path(tempfile.mkdtemp(dir=scratch)) / file.name.removesuffix(".gz")
    try:
        plain = codecs.lookup(encoding).name == "utf-8"
        with (
            opened(file) as source,
            io.TextIOWrapper(source, encoding=encoding, newline="") as text,
            target.open("w", encoding="utf-8", newline="") as copy,
        ):
            while block := text.read(_BLOCK):
                if "\0" in block:
                    raise UnicodeError("it holds zero bytes, as UTF-16 and binary files do")
                if not plain:
                    copy.write(block)
    except (UnicodeError, LookupError) as error:
        rule = f"{file.name} is not {encoding}: {error}"
        raise RecordsError([refusal(name, "", rule, ENCODING_REMEDY)]) from error
    except (OSError, EOFError, zlib.error) as error:
        rule = f"{file.name} cannot be read: {error}"
        raise RecordsError([refusal(name, "", rule, "Export the file anew.")]) from error
    return file if plain else target
