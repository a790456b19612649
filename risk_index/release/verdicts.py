"""What a gate says, and what all of them say together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from risk_index.errors import UserError

PASSED, REFUSED, NOT_RUN = "passed", "refused", "not run"
Status = Literal["passed", "refused", "not run"]
GATE_NAMES = (
    "calibration", "chance", "leak", "harm", "repeated", "proxies", "reporting", "fine", "churn", "sentinels",
    "drift", "unit", "card",
)  # fmt: skip
COMPARED = frozenset({"harm", "churn", "sentinels", "drift", "unit"})
"""Gates that need a champion to compare with."""


class GatesRefuse(UserError):  # noqa: N818
    """A challenger did not pass: the champion stays."""


@dataclass(frozen=True)
class Verdict:
    """What one gate says of a challenger.

    Attributes
    ----------
    name : str
        Of the gate.
    status : "passed", "refused" or "not run"
    sentence : str
        What was found, in words.
    limit : str
        What was asked for, in words.
    remedy : str
        What to do where it is refused.
    figure, low, high : float or None
        What was measured, and its 95 % interval where it has one.
    """

    name: str
    status: Status
    sentence: str
    limit: str = ""
    remedy: str = ""
    figure: float | None = None
    low: float | None = None
    high: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it ready for JSON; figures to 6 digits."""
        plain = asdict(self)
        for name in ("figure", "low", "high"):
            plain[name] = _plain(plain[name])
        return plain


def judged(
    name: str,
    passes: bool,
    sentence: str,
    limit: str,
    remedy: str,
    figures: tuple[float, ...] = (),
) -> Verdict:
    """Return the verdict of a gate that was run; `figures` are value, low and high, or the value alone."""
    numbers = (*figures, None, None, None)[:3]
    status: Status = "passed" if passes else "refused"
    return Verdict(name, status, sentence, limit, remedy, *numbers)


def not_run(name: str, why: str) -> Verdict:
    """Return the verdict of a gate that could not be run."""
    return Verdict(name, "not run", why)


@dataclass(frozen=True)
class Ruling:
    """What all gates say together.

    Attributes
    ----------
    verdicts : tuple of Verdict
    challenger, champion : str
        Versions of the fitted models; "" where there is no champion.
    as_of, judged_on : str
        Days of the challenger's fit, and of the later slice on which both were judged.
    part : str
        Inspections that both were judged on.
    required : tuple of str
        Gates without which nothing is promoted.
    """

    verdicts: tuple[Verdict, ...]
    challenger: str
    champion: str
    as_of: str
    judged_on: str
    part: str
    required: tuple[str, ...]

    @property
    def refusing(self) -> tuple[str, ...]:
        """Names of the gates by which the challenger is refused."""
        return tuple(v.name for v in self.verdicts if v.status == REFUSED or self._missing(v))

    @property
    def promotes(self) -> bool:
        """Whether the challenger may become champion."""
        return not self.refusing

    @property
    def said(self) -> str:
        """What a log says of a challenger that is not refused: which gates were not run, if any."""
        skipped = ", ".join(self.not_run)
        return f"passed; not run: {skipped}" if skipped else "passed every gate"

    @property
    def not_run(self) -> tuple[str, ...]:
        """Names of the gates that were not run."""
        return tuple(v.name for v in self.verdicts if v.status == NOT_RUN)

    def _missing(self, verdict: Verdict) -> bool:
        if verdict.status != NOT_RUN or verdict.name not in self.required:
            return False
        return bool(self.champion) or verdict.name not in COMPARED

    def as_dict(self) -> dict[str, Any]:
        """Return it ready for JSON; no clock time is in it."""
        return {
            "verdict": "promote" if self.promotes else "refuse",
            "refused_by": list(self.refusing),
            "challenger": self.challenger,
            "champion": self.champion or None,
            "as_of": self.as_of,
            "judged_on": self.judged_on,
            "part": self.part,
            "required_gates": list(self.required),
            "not_run": list(self.not_run),
            "gates": [verdict.as_dict() for verdict in self.verdicts],
        }

    def markdown(self) -> str:
        """Return it for people."""
        said = "Promote" if self.promotes else f"Refuse ({', '.join(self.refusing)})"
        against = f"champion {self.champion}" if self.champion else "no champion yet"
        lines = [
            f"# {said}: challenger {self.challenger}, {against}",
            "",
            f"Fitted on what was known by {self.as_of}. Outcomes: {self.part or 'none'} after "
            f"{self.judged_on}; both models as they were fitted by then, on the same inspections.",
            "",
            *self._unasked(),
            "| gate | verdict | found | asked for |",
            "|---|---|---|---|",
            *[f"| {v.name} | {v.status} | {v.sentence} | {v.limit} |" for v in self.verdicts],
        ]
        if not self.promotes:
            lines += ["", "## What to do", ""]
            lines += [f"- **{v.name}**: {v.remedy or v.sentence}" for v in self._refused()]
        return "\n".join(lines) + "\n"

    def _unasked(self) -> list[str]:
        """Return what stands above the table of the gates that were not run."""
        if not self.not_run:
            return []
        return [
            f"**Not run: {', '.join(self.not_run)}.** Nothing is known of what they ask for; "
            "`required_gates` in a file for --gates says without which nothing is promoted.",
            "",
        ]

    def _refused(self) -> Sequence[Verdict]:
        return [v for v in self.verdicts if v.name in self.refusing]

    def refuse(self, where: str) -> None:
        """Raise where the challenger is refused.

        Raises
        ------
        GatesRefuse
            Naming the gates, what they found and what to do.
        """
        if self.promotes:
            return
        found = " ".join(f"{v.name}: {v.sentence} {v.remedy}".strip() for v in self._refused())
        raise GatesRefuse(
            f"challenger {self.challenger} is refused by {len(self.refusing)} gates. {found} "
            f"The champion stays. Read {where}."
        )


def _plain(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.6g}")
