"""The model card: one template with all that public registers ask for, as Markdown and as a page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markdown_it import MarkdownIt
from markdown_it.token import Token

from risk_index import card_rows
from risk_index.errors import UserError
from risk_index.templates import templates_beside

MARKDOWN, PAGE = "card.md", "card.html"
NOT_STATED = "**Not stated**: give it under `authority` in your settings"
NEEDED = ("authority", "records", "identity", "settings", "versions")
"""Facts that a fit of an earlier version of this program lacks."""
SPECIAL = re.compile(r"([\\`*<>|]|\](?=[(\[:]))")


def model_card(facts: Mapping[str, Any], audit: Mapping[str, Any] | None = None) -> str:
    """Return the card of a fit as Markdown.

    Parameters
    ----------
    facts : mapping
        Content of ``metrics.json``.
    audit : mapping, optional
        Content of ``audit.json`` of the same model; None where it was not audited.
    """
    environment = _environment(autoescape=False)
    environment.filters |= {"plain": plain, "cells": cells}
    text = environment.get_template("card.md.j2").render(
        facts=facts,
        authority=facts["authority"],
        audit=audit,
        parts=list(dict.fromkeys(row["part"] for row in facts["metrics"])),
        review=_review(facts),
        not_stated=NOT_STATED,
        rows=card_rows,
    )
    return re.sub(r"\n{3,}", "\n\n", text)


def card_page(markdown: str, title: str) -> str:
    """Return a card as one HTML page; HTML within the Markdown is shown as text, never run."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(markdown)
    contents = [
        _anchored(tokens, at) for at, one in enumerate(tokens) if one.type == "heading_open"
    ]
    for token in tokens:
        if token.type == "th_open":
            token.attrSet("scope", "col")
    return (
        _environment(autoescape=True)
        .get_template("card.html.j2")
        .render(
            title=title,
            contents=[(anchor, text) for level, anchor, text in contents if level == "h2"],
            body=parser.renderer.render(tokens, parser.options, {}),
        )
    )


def write_card(
    folder: Path, facts: Mapping[str, Any], audit: Mapping[str, Any] | None = None
) -> None:
    """Write ``card.md`` and ``card.html`` into the folder of a fit; both are made before one is moved."""
    text = model_card(facts, audit)
    made = {MARKDOWN: text, PAGE: card_page(text, f"Model card {facts['model_version']}")}
    for name, content in made.items():
        (folder / f".{name}.partial").write_text(content, encoding="utf-8")
    for name in made:
        (folder / f".{name}.partial").replace(folder / name)


def card_after_audit(run: Path, audit: Path) -> None:
    """Write the card of a fit anew, with the verdicts of its audit.

    Parameters
    ----------
    run, audit : Path
        Folders of the fit and of its audit.

    Raises
    ------
    UserError
        Where the audit is of another model, or the fit of another version of this program.
    """
    facts, found = _read(run / "metrics.json"), _read(audit / "audit.json")
    if missing := [name for name in NEEDED if name not in facts]:
        raise UserError(
            f"{run / 'metrics.json'} lacks {', '.join(missing)}: it is of another version of this program; "
            "fit anew"
        )
    if found.get("model_version") != facts["model_version"]:
        raise UserError(
            f"{audit} is the audit of model {found.get('model_version')}, not of {facts['model_version']}"
        )
    try:
        write_card(run, facts, found)
    except (KeyError, jinja2.UndefinedError) as error:
        raise UserError(
            f"{audit / 'audit.json'} does not hold what a card needs ({error}); audit anew"
        ) from error


def plain(value: object) -> str:
    r"""Return a text on one line, without a sign that Markdown would read.

    >>> print(plain("a | b *c*"))
    a \| b \*c\*
    """
    return SPECIAL.sub(r"\\\1", " ".join(str(value).split()))


def cells(row: list[object]) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(plain(cell) for cell in row)} |"


def _review(facts: Mapping[str, Any]) -> str:
    """Return the day by which the model must be looked at anew; empty where none is stated."""
    months = facts["authority"].get("review_every_months")
    if not months:
        return ""
    day = pd.Timestamp(facts["as_of"]) + pd.DateOffset(months=months)
    return day.date().isoformat()


def _anchored(tokens: list[Token], at: int) -> tuple[str, str, str]:
    """Give a heading an anchor; return its level, the anchor and its text."""
    text = tokens[at + 1].content
    anchor = re.sub(r"\W+", "-", text.lower()).strip("-")
    tokens[at].attrSet("id", anchor)
    return tokens[at].tag, anchor, text


def _read(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read: {error}") from error
    return content


def _environment(autoescape: bool) -> jinja2.Environment:
    return templates_beside(__file__, autoescape).overlay(keep_trailing_newline=True)
