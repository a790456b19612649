"""What a rating says, one row at a time: its scheme's curve without the outcomes of the firm's fold."""

from __future__ import annotations

import datetime as dt
from hashlib import md5

from tests.property.naive.registry import Day, Row

VALID_DAYS, STRENGTH, ENOUGH = 1095, 200.0, 50
Counts = tuple[list[float], list[float], list[float]]


def fold(firm_id: str) -> int:
    """Four folds by the first hexadecimal digit of the id's MD5."""
    return int(md5(firm_id.encode()).hexdigest()[0], 16) // 4


def ratings(day: Day, firm_id: str) -> list[Row]:
    """The firm's latest rating with what its scheme's curve says, if it is not older than 3 years."""
    rows = [row for row in day.events("ratings", firm_id) if row["age_days"] < VALID_DAYS]
    if not rows:
        return []
    latest = min(rows, key=lambda row: (row["age_days"], row["scheme"]))
    risk, relative, comparable = curves(day, fold(firm_id))[latest["scheme"]]
    at = place(day, latest["scheme"], latest["score"])
    return [latest | {"risk": risk[at], "relative": relative[at], "comparable": comparable}]


def scores(day: Day, scheme: str) -> list[float]:
    """All known scores of a scheme."""
    return [row["score"] for row in day.known("ratings") if row["scheme"] == scheme]


def place(day: Day, scheme: str, score: float) -> int:
    """Twentieth of the scheme's ratings that the middle of the equal scores lies in."""
    known = scores(day, scheme)
    below, same = sum(s < score for s in known), known.count(score)
    return 20 * (2 * below + same) // (2 * len(known))


def pairs(day: Day) -> list[tuple[str, str, float, float]]:
    """Firm, scheme, score and outcome of every judged visit and the ratings known before its day."""
    found = []
    for visit in day.known("inspections"):
        if visit["violation"] is None or visit["selection"] in ("complaint", "follow_up"):
            continue
        before = Day(day.registry, visit["inspected_on"] - dt.timedelta(days=1))
        latest: dict[str, Row] = {}
        for row in sorted(before.events("ratings", visit["firm_id"]), key=lambda r: r["rated_on"]):
            if (visit["inspected_on"] - row["rated_on"]).days < VALID_DAYS:
                latest[row["scheme"]] = row
        found += [(visit["firm_id"], s, r["score"], visit["violation"]) for s, r in latest.items()]
    return found


def curves(day: Day, left_out: int) -> dict[str, tuple[list[float], list[float], bool]]:
    """Risk and relative risk at each place of every scheme, lowest scores first."""
    judged = pairs(day)
    schemes = sorted({row["scheme"] for row in day.known("ratings")})
    counts = {s: counted(day, s, [p for p in judged if fold(p[0]) != left_out]) for s in schemes}
    better = {s: stated(day, s) or by_outcomes(counts[s]) for s in schemes}
    pooled = pool([best_first(counts[s], better[s]) for s in schemes if better[s]])
    found = {}
    for s in schemes:
        rated, visits, hits = counts[s]
        share = [n / sum(rated) for n in rated]
        if not better[s]:
            mean = sum(p * w for p, w in zip(pooled, share, strict=True))
            found[s] = [mean] * 20, [1.0] * 20, False
            continue
        risk = pooled[::-1] if better[s] == "higher" else pooled
        enough = sum(p[1] == s and p[2] in scores(day, s) for p in judged) >= ENOUGH
        if enough:
            risk = own(visits, hits, share, risk, better[s])
        mean = sum(p * w for p, w in zip(risk, share, strict=True))
        found[s] = risk, [p / mean for p in risk], enough
    return found


def counted(day: Day, scheme: str, judged: list[tuple[str, str, float, float]]) -> Counts:
    """Ratings, visits and violations at each place; scores that are on no record any more are left out."""
    known = scores(day, scheme)
    rated, visits, hits = [0.0] * 20, [0.0] * 20, [0.0] * 20
    for score in known:
        rated[place(day, scheme, score)] += 1
    for _, of, score, outcome in judged:
        if of == scheme and score in known:
            visits[place(day, scheme, score)] += 1
            hits[place(day, scheme, score)] += outcome
    return rated, visits, hits


def stated(day: Day, scheme: str) -> str:
    """The end of the scale that more rows state to be the good one."""
    said = [row["better"] for row in day.known("ratings") if row["scheme"] == scheme]
    lower, higher = said.count("lower"), said.count("higher")
    return "" if lower == higher else "lower" if lower > higher else "higher"


def by_outcomes(counts: Counts) -> str:
    """Higher where the trend falls, lower where it rises clearly."""
    _, visits, hits = counts
    n, y = sum(visits), sum(hits)
    mass = sum(v * at for at, v in enumerate(visits))
    trend = n * sum(h * at for at, h in enumerate(hits)) - y * mass
    spread = n * sum(v * at**2 for at, v in enumerate(visits)) - mass**2
    if trend < 0:
        return "higher"
    return "lower" if 10 * n * trend**2 > 27 * y * (n - y) * spread else ""


def best_first(counts: Counts, better: str) -> Counts:
    """The counts from the good scores to the bad ones."""
    rated, visits, hits = counts
    return (rated[::-1], visits[::-1], hits[::-1]) if better == "higher" else counts


def pool(schemes: list[Counts]) -> list[float]:
    """Rate at each place over all schemes, never falling; one outcome at the rate of all steadies it."""
    visits = [sum(counts[1][at] for counts in schemes) for at in range(20)]
    hits = [sum(counts[2][at] for counts in schemes) for at in range(20)]
    overall = (sum(hits) + 0.5) / (sum(visits) + 1)
    return never_falling([h + overall for h in hits], [n + 1 for n in visits])


def own(
    visits: list[float], hits: list[float], share: list[float], prior: list[float], better: str
) -> list[float]:
    """The scheme's own rates, with 200 outcomes at those of all schemes; empty places take the next lower."""
    weight = [n + STRENGTH * w for n, w in zip(visits, share, strict=True)]
    total = [h + STRENGTH * w * p for h, w, p in zip(hits, share, prior, strict=True)]
    held = [at for at in range(20) if weight[at] > 0]
    order = held[::-1] if better == "higher" else held
    rates = dict(zip(order, never_falling([total[a] for a in order], [weight[a] for a in order]),
                     strict=True))  # fmt: skip
    return [rates[max([a for a in held if a <= at], default=held[0])] for at in range(20)]


def never_falling(total: list[float], weight: list[float]) -> list[float]:
    """Isotonic regression by its min-max formula."""
    n = len(weight)
    return [
        max(
            min(sum(total[i : k + 1]) / sum(weight[i : k + 1]) for k in range(at, n))
            for i in range(at + 1)
        )
        for at in range(n)
    ]
