"""The templates of pages: what is missing is an error, and what comes from records is escaped."""

from __future__ import annotations

from pathlib import Path

import jinja2


def templates_beside(module: str, autoescape: bool = True) -> jinja2.Environment:
    """Return the templates in the folder of a module's file."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(module).parent),
        autoescape=autoescape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
