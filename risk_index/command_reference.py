"""The page of the commands, written from the command line itself."""

from __future__ import annotations

from collections.abc import Iterator

import click

from risk_index.cli import main

TITLE = """\
# Commands

{notice}

Options are the same wherever they have the same name. `--help` (or `-h`) after any command prints what stands
here. Messages go to standard error, results to files.

| exit code | meaning |
|---|---|
| 0 | Done; rows may have been rejected, see `quality.json`. |
| 1 | The records, settings or files cannot be used, or an audit, a gate or a verification says no. |
| 2 | Wrong usage: an unknown command, option or value. |"""
SKIPPED = ("help", "version")


def commands_page(notice: str) -> str:
    """Return every command with its arguments and options, as Markdown."""
    lines = [TITLE.format(notice=notice)]
    root = main.make_context("risk-index", [], resilient_parsing=True)
    for name in main.list_commands(root):
        lines += _command(root, name, main.commands[name])
    return "\n".join(lines) + "\n"


def _command(above: click.Context, name: str, command: click.Command) -> Iterator[str]:
    """Yield the section of a command, and of those below it."""
    context = click.Context(command, info_name=name, parent=above)
    yield from ("", f"## `{context.command_path}`", "", _help(command))
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            yield from _command(context, below, command.commands[below])
        return
    usage = " ".join(command.collect_usage_pieces(context))
    yield from ("", "```text", f"{context.command_path} {usage}", "```")
    options = [o for o in command.params if isinstance(o, click.Option) and o.name not in SKIPPED]
    if options:
        yield from ("", "| option | meaning | default |", "|---|---|---|")
        yield from (_option(option, context) for option in options)


def _help(command: click.Command) -> str:
    return " ".join((command.help or "").split())


def _option(option: click.Option, context: click.Context) -> str:
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    value = "" if option.is_flag else f" `{option.make_metavar(context)}`"
    meaning = option.help or ""
    if option.multiple and "repeat" not in meaning:
        meaning += " May be repeated."
    cells = (names + value, meaning, _default(option, context))
    return "| " + " | ".join(cell.strip().replace("|", "\\|") for cell in cells) + " |"


def _default(option: click.Option, context: click.Context) -> str:
    if option.required:
        return "must be given"
    default = option.get_default(context) if option.show_default else None
    return "" if default is None or option.is_flag else f"`{default}`"
