"""A firm's page as HTML, or as PDF printed from the same HTML."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from risk_index.errors import UserError
from risk_index.explain.page import FirmPage
from risk_index.templates import templates_beside
from risk_index.texts import Texts

HTML, PDF = ".html", ".pdf"
MARKER = '<meta name="generator" content="risk-index explain">'
"""By which an earlier page is known, so that no other file is written over."""
PDF_MARKER = b"risk-index explain"
ROWS_ON_PAGE = 12
"""Records on the first page; where there are more, all of them stand in an annex."""
SMALL = 0.05
"""Points that one decimal shows as none."""
LINES_OF_LOWERING = 4
MISSING = (
    "a PDF needs WeasyPrint and the Pango library: `pip install corporate-risk-index[pdf]`, and on Debian or "
    "Ubuntu `apt-get install libpangoft2-1.0-0 fonts-noto-cjk`; or write .html and print it from a browser"
)


def write_page(page: FirmPage, out: Path, texts: Texts) -> None:
    """Write a page whole or not at all; ``.pdf`` gives a PDF, ``.html`` HTML.

    Raises
    ------
    UserError
        Where the ending is another, something else lies there, or a PDF cannot be made here.
    """
    html = rendered(page, texts)
    content = printed(html) if out.suffix == PDF else html.encode()
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_name(f".{out.name}.partial")
    beside.write_bytes(content)
    beside.replace(out)


def refuse_other_page(out: Path) -> None:
    """Refuse another ending than .html or .pdf, a PDF that cannot be made, and to write over other files.

    Raises
    ------
    UserError
        Naming what is wrong.
    """
    if out.suffix not in (HTML, PDF):
        raise UserError(f"--out {out} must end with {HTML} or {PDF}")
    ours = MARKER.encode() if out.suffix == HTML else PDF_MARKER
    if out.suffix == PDF:
        _printer()
    if out.exists() and (out.is_dir() or ours not in out.read_bytes()):
        raise UserError(f"{out} exists and is no firm's page: name a new file")


def rendered(page: FirmPage, texts: Texts) -> str:
    """Return the page as one HTML file without any other."""
    widest = max((abs(reason.points) for reason in page.reasons), default=1.0)
    now = float(str(page.row["index"]))
    return (
        templates_beside(__file__)
        .get_template("firm.html.j2")
        .render(
            page=page,
            say=texts.say,
            count=texts.count,
            language="zh-CN" if texts.language == "zh" else texts.language,
            marker=MARKER,
            widest=max(widest, abs(page.start), 1.0),
            shown=page.records[:ROWS_ON_PAGE],
            reasons=[reason for reason in page.reasons if abs(reason.points) >= SMALL],
            small=[reason for reason in page.reasons if abs(reason.points) < SMALL],
            lower=[lower for lower in page.lower if lower.index < now - SMALL][:LINES_OF_LOWERING],
            texts=texts,
        )
    )


def printed(html: str) -> bytes:
    """Return HTML printed as PDF.

    Raises
    ------
    UserError
        Where the library, or a font for the page's letters, is missing.
    """
    weasyprint = _printer()
    with _warnings("weasyprint") as said:
        content: bytes = weasyprint.HTML(string=html).write_pdf()
    if any("notdef" in line or "missing glyph" in line.lower() for line in said):
        raise UserError(
            "no font on this machine has all letters of the page; install one, such as fonts-noto-cjk"
        )
    return content


def _printer() -> ModuleType:
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        raise UserError(f"{MISSING} ({error})") from error
    return weasyprint


@contextlib.contextmanager
def _warnings(logger: str) -> Iterator[list[str]]:
    """Collect what a library logs meanwhile."""
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger(logger)
    log.addHandler(handler)
    try:
        yield said
    finally:
        log.removeHandler(handler)
