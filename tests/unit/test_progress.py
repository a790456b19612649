"""Progress: shown on a terminal with count, share and time left; never elsewhere, never when quiet."""

from __future__ import annotations

import io
import time

import click
import pytest
from click.testing import CliRunner

from risk_index.messages import say
from risk_index.options import quiet_option
from risk_index.progress import WAIT, steps


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def done(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a step of ten firms writes to standard error."""
    monkeypatch.setattr("risk_index.progress.SHOWN_AFTER", 0)
    monkeypatch.setattr("sys.stderr", stream)
    with steps("scoring", 10, "firms") as more:
        more(4)
        more(6)
    return stream.getvalue()


def test_a_terminal_sees_count_and_share(monkeypatch: pytest.MonkeyPatch) -> None:
    said = done(Terminal(), monkeypatch)
    assert "scoring" in said
    assert "/10" in said
    assert "%" in said


def test_a_file_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert done(io.StringIO(), monkeypatch) == ""


def test_quiet_silences_messages_and_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    @click.command()
    @quiet_option
    def verb() -> None:
        say("a message")
        seen.append(done(Terminal(), monkeypatch))

    loud = CliRunner().invoke(verb, [])
    quiet = CliRunner().invoke(verb, ["--quiet"])
    assert "a message" in loud.stderr
    assert quiet.output == ""
    assert seen[0] != ""
    assert seen[1] == ""


def test_a_step_that_counts_nothing_has_a_clock_until_the_next_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = Terminal()
    monkeypatch.setattr("risk_index.progress.TICK", 0.001)
    monkeypatch.setattr("sys.stderr", stream)
    WAIT.begin()
    for _ in range(5000):
        if "so far" in stream.getvalue():
            break
        time.sleep(0.002)
    WAIT.end()
    assert "  00:00 so far" in stream.getvalue()
    assert stream.getvalue().rsplit("\r", 1)[1].strip() == ""  # wiped away


def test_a_file_sees_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("risk_index.progress.TICK", 0.0)
    monkeypatch.setattr("sys.stderr", stream)
    WAIT.begin()
    WAIT.end()
    assert stream.getvalue() == ""
