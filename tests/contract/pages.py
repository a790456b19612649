"""The pages of the manual: what their blocks say is run, and every command of theirs is parsed."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

import click
from sybil import Document, Example, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser

from risk_index.cli import main
from tests.contract.made import invoke

PROGRAM = "risk-index"
DECIMAL = re.compile(r"[-+]?\d+\.\d+")
NEAR = 0.05
"""How far a decimal on a page may lie from a run's: other processors may round otherwise."""


class Room:
    """The folder in which a reader follows a page, and what the last block said.

    Parameters
    ----------
    taken : mapping of str to str
        Commands whose results lie in the folder already, with what they said; parsed and not run.
    unrun : tuple of str
        Verbs that take too long here; parsed and not run.
    """

    def __init__(self, taken: Mapping[str, str], unrun: tuple[str, ...] = ()) -> None:
        self.taken, self.unrun = taken, unrun
        self.said = ""

    def follow(self, page: Path) -> int:
        """Run all blocks of a page from the first to the last; return how many there were."""
        parsers = [
            CodeBlockParser("sh", self.shell),
            CodeBlockParser("python", self.python),
            CodeBlockParser("text", self.compare),
        ]
        document: Document = Sybil(parsers=parsers).parse(page)
        examples = list(document.examples())
        for example in examples:
            example.evaluate()
        return len(examples)

    def shell(self, example: Example) -> None:
        """Run lines as a shell would, the program's own in this process."""
        self.said, script = "", list[str]()
        for line in example.parsed.splitlines():
            if line.startswith(f"{PROGRAM} "):
                self._script(script)
                self._command(line)
                script = []
            else:
                script.append(line)
        self._script(script)

    def python(self, example: Example) -> None:
        """Run code, all blocks of a page in one namespace."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            PythonEvaluator()(example)
        self.said = out.getvalue()

    def compare(self, example: Example) -> str | None:
        """Look for each line of the block, in order, in what was said before it."""
        said = iter(self.said.splitlines())
        for line in example.parsed.splitlines():
            if not any(alike(line, other) for other in said):
                return f"not said, or not in this order: {line}\n--- said was:\n{self.said}"
        return None

    def _script(self, lines: list[str]) -> None:
        done = subprocess.run(
            ["sh", "-e"], input="\n".join(lines), capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        self.said += done.stdout + done.stderr

    def _command(self, line: str) -> None:
        words = shlex.split(line)[1:]
        understand(words)
        if line in self.taken or words[0] in self.unrun:
            self.said += self.taken.get(line, "")
            return
        result = invoke(*words)
        assert result.exit_code == 0, f"{line}\n{result.output}"
        self.said += result.output


def alike(shown: str, said: str) -> bool:
    """Tell whether two lines say the same: words to the letter, decimals nearly."""
    if DECIMAL.sub("#", shown).split() != DECIMAL.sub("#", said).split():
        return False
    pairs = zip(DECIMAL.findall(shown), DECIMAL.findall(said), strict=True)
    return all(abs(float(a) - float(b)) <= NEAR * max(1.0, abs(float(b))) for a, b in pairs)


def commands(text: str) -> list[list[str]]:
    """Words after `risk-index` of every command line in a page, in shell blocks and in backticks."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    lines = [line for line in lines if line.startswith(f"{PROGRAM} ")]
    lines += re.findall(
        rf"`{PROGRAM} ([^`]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M)
    )
    return [shlex.split(line.removeprefix(f"{PROGRAM} ")) for line in lines]


def understand(words: list[str]) -> None:
    """Have the real parser read a command; one that is only named, or cut short by ..., as far as it goes.

    Raises
    ------
    click.UsageError
        On an unknown command or option, a missing one, or a value that is none.
    """
    if words[0] in ("--help", "--version"):
        return
    context, command = click.Context(main, info_name=PROGRAM, **main.context_settings), main
    while isinstance(command, click.Group) and words:
        name, words = words[0], words[1:]
        if name not in command.commands:
            raise click.UsageError(f"no such command: {name}", context)
        command = command.commands[name]
        if isinstance(command, click.Group):
            context = click.Context(command, info_name=name, parent=context)
    if "..." in words or (len(words) == 1 and words[0].startswith("--")):
        known = {name for option in command.params for name in option.opts + option.secondary_opts}
        if lost := [word for word in words if word.startswith("-") and word not in known]:
            raise click.UsageError(f"no such option: {lost}", context)
    elif words:
        command.make_context(command.name, words, parent=context)
