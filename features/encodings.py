"""Which encoding a text file is in, and the same file in UTF-8.

UTF-8 is tried first, then UTF-16 with its mark, then GB18030 (which holds GBK and GB 2312).
"""

from __future__ import annotations

import codecs
import gzip
import io
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from features.failures import RecordsError, refusal

ENCODING_REMEDY = "Save it as UTF-8, or state its encoding under `encodings` in mapping.yaml."
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BLOCK, _START = 1 << 20, 1 << 16
COMMON_SHARE = 0.9
"""Least share of signs in GB 2312's own area: Chinese text has nearly all there, Latin-1 hardly any."""


def opened(file: Path) -> BinaryIO:
    """Open a file for its bytes, unpacked where it is gzip."""
    packed = file.suffix.lower() == ".gz"
    return cast(BinaryIO, gzip.open(file, "rb")) if packed else file.open("rb")


def encoding_of(file: Path) -> str:
    """Return "utf-8", "utf-16" or "gb18030"; "utf-8" where the bytes are none of them.

    Text of another encoding is left to :func:`as_utf8`, which refuses it by name and place.
    """
    try:
        with opened(file) as source:
            if source.read(2) in _UTF16_MARKS:
                return "utf-16"
        if _decodes(file, "utf-8") or not _decodes(file, "gb18030"):
            return "utf-8"
        return "gb18030" if _common_share(file) >= COMMON_SHARE else "utf-8"
    except (OSError, EOFError, zlib.error):
        return "utf-8"  # as_utf8 says what is wrong with the file


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


def _common_share(file: Path) -> float:
    """Return the share of non-ASCII signs in the area of GB 2312 (both bytes 0xA1 and up)."""
    common = others = 0
    decoder = codecs.getincrementaldecoder("gb18030")("strict")
    for block in _blocks(file):
        signs = "".join(char for char in decoder.decode(block) if char > "\x7f")
        raw = np.frombuffer(signs.encode("gb2312", "replace"), dtype=np.uint8)
        missing = int((raw == ord("?")).sum())
        common, others = common + len(signs) - missing, others + missing
    return common / max(common + others, 1)


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
