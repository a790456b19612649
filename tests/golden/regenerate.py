"""Write the golden files anew, after a change that is meant to move firms.

``python tests/golden/regenerate.py`` ranks the committed records with the committed model and
writes ``ranked.csv``. With ``--fit`` it first fits the model anew on a world of its own: needed when
the catalogue of features or the format of saved models has changed. Say in CHANGELOG which firms move
and why; a golden file that is rewritten without a reason guards nothing.

The golden model is saved and not fitted in the test, since growing trees adds up many small numbers whose
last digits depend on the processor; scoring with given trees does not. ``ranked.csv`` is compared byte
by byte where the platform is that of ``made_on.json``, and number by number elsewhere.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))  # run as a script, from a checkout

from risk_index import pipeline  # noqa: E402
from risk_index.ranking import beside  # noqa: E402
from risk_index.world import load_world_settings, write_world  # noqa: E402

RECORDS, RUN, RANKED = HERE / "records", HERE / "run", HERE / "ranked.csv"
FIRMS, SEED = 20_000, 3


def made_on() -> dict[str, str]:
    """Return what the last digits of the golden numbers may depend on."""
    return {"system": platform.system(), "machine": platform.machine()}


def rank(out: Path) -> None:
    """Rank the golden records with the golden model."""
    as_of = load_world_settings().as_of
    pipeline.rank(pipeline.Source(RECORDS), as_of, RUN, out, lambda message: None)


def fit() -> None:
    """Fit the golden model anew, on a synthetic registry that is not kept."""
    settings = load_world_settings()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_world(folder / "world", FIRMS, SEED, settings)
        few = folder / "settings.yaml"
        few.write_text("refits: 2\n", encoding="utf-8")  # each is as large as the model
        source = pipeline.Source(folder / "world", settings=few)
        pipeline.fit(source, settings.as_of, folder / "fit", print)
        shutil.rmtree(RUN, ignore_errors=True)
        shutil.copytree(folder / "fit" / "model", RUN / "model")


def main() -> None:
    """Rewrite the golden files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true", help="fit the golden model anew as well")
    if parser.parse_args().fit:
        fit()
    RANKED.unlink(missing_ok=True)
    rank(RANKED)
    for path in beside(RANKED).values():
        path.unlink()
    (HERE / "made_on.json").write_text(json.dumps(made_on()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
