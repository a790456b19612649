"""The fit's pictures in the language of the report: their words are texts of the catalogue."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ET
from pathlib import Path

from risk_index.texts import Texts

SVG = "http://www.w3.org/2000/svg"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def pictures(folder: Path, words: Texts, language: str) -> dict[str, str]:
    """Return the pictures of a fit by name, each an SVG file in base64.

    A browser draws their words in the reader's own fonts, so none need be installed where the report is
    made.

    Parameters
    ----------
    folder : Path
        Holds them in English.
    words : Texts
    language : str
        As HTML names it: a browser chooses the form of Chinese characters by it.
    """
    files = sorted(folder.glob("*.svg")) if folder.is_dir() else []
    return {
        file.stem: base64.b64encode(_told(file, words, language)).decode("ascii") for file in files
    }


def _told(file: Path, words: Texts, language: str) -> bytes:
    """Return a picture with its words in another language; numbers have none and stay."""
    ET.register_namespace("", SVG)
    root = ET.parse(file).getroot()
    root.set(LANGUAGE, language)
    for text in root.iter(f"{{{SVG}}}text"):
        text.text = words.say((text.text or "").strip())
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)
