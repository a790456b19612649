"""Every text that people see in the language they asked for: what each catalogue must hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir

from features.catalogue import in_use
from features.evidence import speaking
from risk_index import campaigns, facts, frequency, pictures, ranked_xlsx, reasons, scoring
from risk_index.explain.lowering import TOGETHER
from risk_index.explain.page import WITHHELD
from risk_index.explain.words import CATEGORY, VOCABULARY
from risk_index.nouns import NOUNS
from risk_index.ranked_rows import COLUMNS
from risk_index.report.words import every_word

Text = tuple[str, str | None]
"""A text, and its form for many things where it has one."""
KINDS = (("j2", "jinja2"), ("py", "python"))
MARKED = [(f"{room}/**.{ending}", how) for room in ("explain", "report") for ending, how in KINDS]
"""Where texts are marked by `say` and `count`."""
KEYWORDS: dict[str, tuple[int, ...] | None] = {"say": None, "count": (1, 2)}


def every_text() -> list[Text]:
    """Return every text once, in a fixed order."""
    return list(dict.fromkeys([*_of_rankings(), *_of_pages()]))


def _of_rankings() -> Iterator[Text]:
    plain = [
        *COLUMNS,
        ranked_xlsx.SHEET,
        *dict.fromkeys(feature.topic for feature in speaking()),
        *(feature.title for feature in speaking()),
        *facts.SPOKEN.values(),
        *facts.DATED.values(),
        *(facts.PLAIN, facts.REGISTERED, facts.HARM, facts.IN, facts.YES, facts.NO),
        *(reasons.REASON, reasons.START),
        *scoring.UNSTATED.values(),
        *(scoring.NEVER_INSPECTED, scoring.NOT_MEASURED),
        *(feature.note for feature in in_use() if feature.note),
        *(frequency.KEPT, frequency.BORDERLINE, frequency.AT_CEILING, campaigns.NOTE),
        "; ",
    ]
    yield from ((text, None) for text in plain)
    for noun in NOUNS.values():
        yield noun.one, noun.many
        yield noun.none, None


def _of_pages() -> Iterator[Text]:
    """Yield the texts of a firm's page, the report and its pictures."""
    named = (*VOCABULARY.values(), CATEGORY, WITHHELD, *scoring.THINGS, *TOGETHER.values())
    for text in (*named, *every_word(), *pictures.every_word()):
        yield text, None
    package = Path(__file__).parent
    for _, _, message, _, _ in extract_from_dir(package, MARKED, keywords=KEYWORDS):
        yield (message, None) if isinstance(message, str) else (message[0], message[1])
