"""Sphinx: how docs/ becomes a site (`make docs`). The pages stay plain Markdown that reads on GitHub."""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

from risk_index import __version__

project = "Corporate risk index"
author = "the corporate-risk-index authors"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["README.md"]  # index.md is this page, with the table of contents
myst_heading_anchors = 4
numpydoc_show_class_members = False
autodoc_typehints = "signature"
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", ".*")
]  # types in signatures: other libraries' pages need a network
linkcheck_ignore = [r"https?://localhost.*", r"postgresql://.*"]

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["static"]
html_css_files = ["tables.css"]
html_show_copyright = False
html_copy_source = False
html_theme_options = {"top_of_page_buttons": []}


def _page_of_the_readme(app: Sphinx, docname: str, content: list[str]) -> None:
    """Lead to the page that shows the project's README, where GitHub leads to the file."""
    for file, page in (("README", "overview"), ("CHANGELOG", "changelog")):
        content[0] = content[0].replace(f"](../{file}.md", f"]({page}.md")


def _seen_from_docs(app: Sphinx, file: Path, docname: str, content: list[str]) -> None:
    """Turn links of the project's README, included in a page of docs/, into links from there."""
    if docname == "overview":
        content[0] = content[0].replace("](docs/README.md", "](docs/index.md")
        content[0] = re.sub(r"\]\((?!\w+:|#|docs/)", "](../", content[0]).replace("](docs/", "](")
    _page_of_the_readme(app, docname, content)


def setup(app: Sphinx) -> None:
    """Register what pages go through when they are read."""
    app.connect("source-read", _page_of_the_readme)
    app.connect("include-read", _seen_from_docs)
