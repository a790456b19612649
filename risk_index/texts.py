"""Texts for people in the language asked for: English in the code, others in one gettext catalogue each.

A catalogue is a ``.po`` file under ``locale/``, the form that translators and their tools know. Babel
reads it as it stands; no compiled file lies beside it.
"""

from __future__ import annotations

import gettext
import io
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).parent / "locale"
LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Texts:
    """Texts in one language.

    Attributes
    ----------
    language : {"en", "zh"}
    catalogue : gettext.NullTranslations
        What a template's ``_`` and ``ngettext`` read.
    """

    language: str = "en"
    catalogue: gettext.NullTranslations = field(
        default_factory=gettext.NullTranslations, repr=False, compare=False
    )

    def say(self, message: str, **values: object) -> str:
        """Return a text with its values filled in.

        >>> texts("zh").say("tier {tier}", tier="B")
        'B级'
        """
        found = self.catalogue.gettext(message) if message else ""
        return found.format(**values) if values else found

    def count(self, one: str, many: str, n: int, **values: object) -> str:
        """Return the text for a number of things, ``{n}`` filled in.

        >>> texts("en").count("{n} firm", "{n} firms", 2)
        '2 firms'
        """
        return self.catalogue.ngettext(one, many, n).format(n=f"{n:,}", **values)

    @property
    def separator(self) -> str:
        """Return what stands between two remarks."""
        return self.say("; ")


@cache
def texts(language: str) -> Texts:
    """Return the texts in a language of `LANGUAGES`."""
    if language == "en":
        return ENGLISH
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    return Texts(language, gettext.GNUTranslations(compiled))


def catalogue(language: str) -> Catalog:
    """Return the catalogue of a language as it lies under ``locale/``."""
    with (LOCALE / f"{language}.po").open("rb") as stream:
        return read_po(stream, locale=language, abort_invalid=True)


ENGLISH = Texts()
