"""Texts: every one in both languages, with the same places for values; headings lead back to columns."""

from __future__ import annotations

import re

import pytest

from features.evidence import kind_of, kinds, speaking
from risk_index.language_texts import every_text
from risk_index.nouns import NOUNS
from risk_index.ranked_rows import COLUMNS, columns_of, headings
from risk_index.texts import LANGUAGES, catalogue, texts

OTHERS = [language for language in LANGUAGES if language != "en"]


def places(text: str) -> set[str]:
    """The places for values in a text."""
    return set(re.findall(r"{(\w*)}", text))


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_holds_every_text_and_no_other(language: str) -> None:
    held = {message.id: message.string for message in catalogue(language) if message.id}
    wanted = {(one, many) if many else one for one, many in every_text()}
    assert set(held) == wanted
    assert all(all(text) if isinstance(text, tuple) else text for text in held.values())


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_places_of_its_text(language: str) -> None:
    for message in catalogue(language):
        one = message.id[0] if isinstance(message.id, tuple) else message.id
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        for form in forms if one else ():
            assert places(form) == places(one), one


def test_every_event_behind_a_feature_of_a_model_has_its_words() -> None:
    told_otherwise = [kind for kind in kinds(speaking()) if "visit_no" in dict(kind.where)]
    assert set(kinds(speaking())) - set(told_otherwise) <= set(NOUNS)
    assert any(kind_of(feature) is None for feature in speaking())


@pytest.mark.parametrize("language", LANGUAGES)
def test_headings_lead_back_to_their_columns(language: str) -> None:
    found = headings(texts(language))
    assert len(set(found)) == len(COLUMNS)
    assert columns_of([*found, "another"]) == [*COLUMNS, "another"]
