"""The audit's error rates as a page of tables and a figure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from benchmarks.fairness.grid import all_cells, gate_cells, run
from benchmarks.fairness.rates import (
    CELL,
    WORLD,
    at_equal_recall,
    cell_table,
    false_alarms,
    share,
    verdict_shares,
)
from benchmarks.fairness.worlds import STRESS
from benchmarks.results import RESULTS, write_result


@dataclass(frozen=True)
class Gate:
    """A bound that the audit should keep, and what was measured."""

    name: str
    hits: int
    of: int
    bound: float
    at_least: bool

    def line(self) -> dict[str, str]:
        """Return the gate as a line of a table; it is met or not by the estimate."""
        rate = self.hits / self.of if self.of else np.nan
        met = rate >= self.bound if self.at_least else rate <= self.bound
        sign = ">=" if self.at_least else "<="
        return {
            "gate": self.name,
            "bound": f"{sign} {self.bound:.2f}",
            "measured": share(self.hits, self.of),
            "": "met" if met else "NOT MET",
        }


def measure(n_seeds: int, whole: bool, say: Callable[[str], None]) -> Path:
    """Run the cells on `n_seeds` seeds and write tables and figure."""
    rows = run(all_cells() if whole else gate_cells(), n_seeds, say)
    return write(
        rows,
        n_seeds,
        f"python -m benchmarks fairness --seeds {n_seeds}{' --whole' if whole else ''}",
    )


def write(rows: pd.DataFrame, n_seeds: int, command: str) -> Path:
    """Write `results/fairness.md` and `results/fairness.png`."""
    stress = rows[rows["kind"] == STRESS]
    rows = rows[rows["kind"] != STRESS]
    figure(rows, RESULTS / "fairness.png")
    setting = ["bias", "strength", "legit", "n_rand"]
    strong = rows[(rows["bias"] == 0.8) & (rows["strength"] >= 1) & (rows["n_rand"] == 1500)]
    sections = [
        (
            "Gates, over all kinds of proxy. Wilson 95 % intervals.",
            pd.DataFrame([g.line() for g in gates(rows)]),
        ),
        (
            "Kind by kind, for the first gate (bias 0.8, strength 1 or more, 1,500 drawn):",
            cell_table(strong, ["kind"]),
        ),
        ("By setting, all kinds:", cell_table(rows, setting)),
        (
            "Recall by firms drawn, all kinds, bias 0.8, strength 1, legitimate correlation 0.3:",
            cell_table(_grown(rows), ["n_rand"]),
        ),
        ("Every cell. A cell without proxies has no recall.", cell_table(rows, CELL)),
        (
            "Worlds with a flag on something innocent; of planted inputs without effect, inputs:",
            false_alarms(rows, setting),
        ),
        (
            "Side by side on the worlds of the first gate; rivals' cuts are set to reach our recall:",
            at_equal_recall(strong),
        ),
        (
            "Side by side, bias 0.4, 5,000 drawn:",
            at_equal_recall(rows[(rows["bias"] == 0.4) & (rows["n_rand"] == 5000)]),
        ),
        (
            "Not among the gates: verdicts on a legitimate factor of little weight (0.15 log-odds a "
            "standard deviation, correlation 0.5), which F4 can hardly tell from an idle one:",
            verdict_shares(stress[stress["input"] == "weak"]),
        ),
    ]
    return write_result(
        "fairness", f"The fairness audit's error rates, {n_seeds} seeds a cell", command, sections
    )


def gates(rows: pd.DataFrame) -> list[Gate]:
    """Return the gates and what was measured."""
    group = rows[rows["attribute"] == "group"]
    strong = group[(group["bias"] == 0.8) & (group["strength"] >= 1) & (group["n_rand"] == 1500)]
    many = group[(group["bias"] == 0.4) & (group["n_rand"] == 5000) & (group["strength"] >= 1)]
    noise = rows[rows["input"].str.startswith("noise")].groupby(WORLD)["red"].any()
    legit = group[group["input"] == "legit"]["red"]
    hits = [(s["red"] & s["proxy"]).sum() for s in (strong, many)]
    return [
        Gate(
            "recall, bias 0.8, strength >= 1, 1,500 drawn",
            int(hits[0]),
            int(strong["proxy"].sum()),
            0.85,
            True,
        ),
        Gate("precision, same", int(hits[0]), int(strong["red"].sum()), 0.90, True),
        Gate("recall, bias 0.4, 5,000 drawn", int(hits[1]), int(many["proxy"].sum()), 0.80, True),
        Gate("worlds with a noise input flagged", int(noise.sum()), len(noise), 0.05, False),
        Gate(
            "worlds with the legitimate factor flagged", int(legit.sum()), len(legit), 0.10, False
        ),
    ]


def _grown(rows: pd.DataFrame) -> pd.DataFrame:
    chosen = (rows["bias"] == 0.8) & (rows["strength"] == 1.0) & (rows["legit"] == 0.3)
    return rows[chosen].sort_values("n_rand", kind="stable")


def figure(rows: pd.DataFrame, path: Path) -> None:
    """Draw recall by rows drawn, and precision against recall for us and the rivals."""
    picture, (left, right) = plt.subplots(1, 2, figsize=(10, 4), constrained_layout=True)
    group = rows[rows["attribute"] == "group"]
    grown = _grown(group)
    for kind, part in grown[grown["proxy"]].groupby("kind"):
        by = part.groupby("n_rand")["red"].mean()
        left.plot(by.index, by, marker="o", label=kind)
    drawn = sorted(grown["n_rand"].unique())
    left.set_xscale("log")
    left.set_xticks(drawn, [f"{n:,}" for n in drawn])
    left.minorticks_off()
    left.set(
        xlabel="firms drawn at random",
        ylabel="recall",
        ylim=(0, 1.02),
        title="bias 0.8, strength 1",
    )
    left.legend(fontsize=8)
    strong = group[(group["bias"] == 0.8) & (group["strength"] >= 1) & (group["n_rand"] == 1500)]
    for name, column in (
        ("correlation", "correlation"),
        ("SHAP gap", "shap_gap"),
        ("equal treatment", "equal_treatment"),
    ):
        right.plot(*_curve(strong[column].to_numpy(), strong["proxy"].to_numpy()), label=name)
    hits = (strong["red"] & strong["proxy"]).sum()
    right.plot(
        hits / strong["proxy"].sum(), hits / strong["red"].sum(), "k*", markersize=12, label="ours"
    )
    right.set(
        xlabel="recall",
        ylabel="precision",
        ylim=(0, 1.02),
        title="bias 0.8, strength 1 or more, 1,500 drawn",
    )
    right.legend(fontsize=8)
    path.parent.mkdir(exist_ok=True)
    picture.savefig(path, dpi=120, metadata={"Software": None})
    plt.close(picture)


def _curve(score: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(truth, score)
    return recall[:-1], precision[:-1]
