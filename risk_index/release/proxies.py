"""The gate on stand-ins: the fairness audit of the challenger."""

from __future__ import annotations

from risk_index.fairness.findings import Audit
from risk_index.release.verdicts import Verdict, judged, not_run


def proxies(found: Audit | None) -> Verdict:
    """Refuse where the audit found a RED that nobody signed for; None: no attributes were given."""
    if found is None:
        return not_run("proxies", "no file of attributes was given (--attributes)")
    named = [f"{name} for {attribute}" for name, attribute in found.stops]
    return judged(
        "proxies",
        found.passed,
        f"{len(named)} RED findings{': ' + '; '.join(named[:3]) if named else ''}; {len(found.waived)} "
        f"signed for; {found.n_tests} tests.",
        "no RED that nobody signed for",
        "Read audit/audit.html, apply the remedy it names and fit again --without the input, or have a "
        "named person sign a waiver (--waivers).",
        (float(len(named)),),
    )
