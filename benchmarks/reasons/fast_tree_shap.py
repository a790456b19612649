"""fasttreeshap with a stopwatch, by the Python of an environment of its own (it wants NumPy 1).

`PYTHON fast_tree_shap.py MODEL.txt ROWS.npy REPEATS` needs fasttreeshap, shap 0.44 and lightgbm, and
nothing of this project. Prints the seconds of both ways in turns, and the largest difference.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any


def seconds(way: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.process_time()
    values = way()
    return time.process_time() - begun, values


def main(model: str, rows: str, repeats: int) -> None:
    import fasttreeshap
    import lightgbm
    import numpy as np

    booster, X = lightgbm.Booster(model_file=model), np.load(rows)
    explainer = fasttreeshap.TreeExplainer(booster, algorithm="v2", n_jobs=1)
    ways = {
        "fasttreeshap": lambda: explainer(X, check_additivity=False).values,
        "pred_contrib": lambda: booster.predict(X, pred_contrib=True, num_threads=1)[:, :-1],
    }
    spent: dict[str, list[float]] = {name: [] for name in ways}
    values = {}
    for _ in range(repeats):
        for name, way in ways.items():
            taken, values[name] = seconds(way)
            spent[name].append(taken)
    gap = float(abs(values["fasttreeshap"] - values["pred_contrib"]).max())
    versions = f"fasttreeshap {fasttreeshap.__version__}, NumPy {np.__version__}"
    print(json.dumps({"seconds": spent, "gap": gap, "versions": versions}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
