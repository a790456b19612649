"""Error rates from the rows of many worlds, with Wilson intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

CELL = ["kind", "bias", "strength", "legit", "n_rand"]
WORLD = [*CELL, "seed"]
RIVALS = {
    "correlation with the attribute": "correlation",
    "aequitas, correlation ratio": "aequitas",
    "SHAP gap between the groups": "shap_gap",
    "SHAP gap at equal risk (our F2 alone)": "gap_at_risk",
    "equal treatment, coefficients on SHAP": "equal_treatment",
}


def share(hits: int, of: int) -> str:
    """Return "0.91 (0.85-0.95)", a share with its 95 % Wilson interval, or "-" of none."""
    if not of:
        return "-"
    low, high = proportion_confint(hits, of, method="wilson")
    return f"{hits / of:.2f} ({low:.2f}-{high:.2f})"


def precision_recall(rows: pd.DataFrame, flagged: pd.Series) -> dict[str, object]:
    """Return counts and shares of flags among the inputs of the audited group."""
    hits = int((flagged & rows["proxy"]).sum())
    return {
        "worlds": rows.groupby(WORLD).ngroups,
        "proxies": int(rows["proxy"].sum()),
        "precision": share(hits, int(flagged.sum())),
        "recall": share(hits, int(rows["proxy"].sum())),
    }


def cell_table(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return one line a cell: precision, recall, and the share of proxies confirmed."""
    lines = []
    for key, cell in rows[rows["attribute"] == "group"].groupby(list(by), sort=False):
        confirmed = int((cell["proxy"] & (cell["verdict"] == "RED-confirmed")).sum())
        amber = int((cell["proxy"] & (cell["verdict"] == "AMBER")).sum())
        n = int(cell["proxy"].sum())
        line = dict(zip(by, key, strict=True)) | precision_recall(cell, cell["red"])
        lines.append(line | {"confirmed": share(confirmed, n), "AMBER": share(amber, n)})
    return pd.DataFrame(lines)


def false_alarms(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return one line a cell: share of worlds in which something innocent is flagged."""
    lines = []
    for key, cell in rows.groupby(list(by), sort=False):
        worlds = cell.groupby(WORLD).ngroups
        group = cell[cell["attribute"] == "group"]
        kinds = {
            "any noise input": cell["input"].str.startswith("noise"),
            "any input, for the placebo": cell["attribute"] == "placebo",
            "legitimate factor": (cell["input"] == "legit") & (cell["attribute"] == "group"),
        }
        line = dict(zip(by, key, strict=True)) | {"worlds": worlds}
        for name, chosen in kinds.items():
            line[name] = share(
                int(
                    (cell["red"] & chosen)
                    .groupby(cell["seed"].astype(str) + cell["kind"])
                    .any()
                    .sum()
                ),
                worlds,
            )
        planted = ~group["input"].str.contains("risk|noise|legit") & ~group["proxy"]
        line["planted without effect"] = share(
            int((group["red"] & planted).sum()), int(planted.sum())
        )
        lines.append(line)
    return pd.DataFrame(lines)


def at_equal_recall(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the precision of every rival with its cut set to reach our recall, and at a usual cut."""
    group = rows[rows["attribute"] == "group"]
    group = group.assign(gap_at_risk=np.where(group["discovery"], group["gap"], 0.0))
    ours = precision_recall(group, group["red"])
    hits = int((group["red"] & group["proxy"]).sum())
    lines = [{"rule": "ours", "cut": "RED", **ours}]
    for name, column in RIVALS.items():
        ranked = np.sort(group.loc[group["proxy"], column])[::-1]
        cut = float(ranked[hits - 1]) if hits else np.inf
        flagged = (group[column] >= cut) & (group[column] > 0)
        lines.append({"rule": name, "cut": f"{cut:.3f}", **precision_recall(group, flagged)})
    default = group["aequitas"] >= 0.5
    lines.append(
        {"rule": "aequitas at its default", "cut": "0.5", **precision_recall(group, default)}
    )
    return pd.DataFrame(lines)


def verdict_shares(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the share of each verdict on the inputs of `rows`, one line a number of draws."""
    lines = []
    for n_rand, part in rows[rows["attribute"] == "group"].groupby("n_rand"):
        counts = part["verdict"].value_counts()
        shares = {name: share(int(n), len(part)) for name, n in counts.items()}
        lines.append({"n_rand": n_rand, "inputs": len(part), **shares})
    return pd.DataFrame(lines).fillna("0.00")
