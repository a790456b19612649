"""The golden ranking: committed records, ranked with a committed model, give the committed file.

``regenerate.py`` beside this file writes the golden files anew and says when that is right.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from risk_index.ranked_rows import COLUMNS, DECIMALS

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "ranked.csv"
ADVICE = "the golden ranking moved; if that is meant, run: python tests/golden/regenerate.py"


@pytest.fixture(scope="module")
def golden() -> ModuleType:
    """The script that makes the golden files."""
    spec = importlib.util.spec_from_file_location("golden_regenerate", HERE / "regenerate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def ranked(golden: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden records, ranked now."""
    out = tmp_path_factory.mktemp("golden") / "ranked.csv"
    golden.rank(out)
    return out


def table(file: Path) -> pd.DataFrame:
    """Read a ranking: texts as they are, numbers as numbers."""
    frame = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    return frame.astype(dict.fromkeys(DECIMALS, float))


def test_same_firms_texts_and_numbers(ranked: Path) -> None:
    now, then = table(ranked), table(GOLDEN)
    numbers = list(DECIMALS)
    texts = [name for name in COLUMNS if name not in DECIMALS]
    pd.testing.assert_frame_equal(now[texts], then[texts], obj=ADVICE)
    for name in numbers:
        unit = 10.0 ** -DECIMALS[name]
        far = (now[name] - then[name]).abs() > 1.01 * unit
        assert not far.any(), f"{name} of {list(now.firm_id[far][:3])}: {ADVICE}"


def test_same_bytes_on_the_same_platform(golden: ModuleType, ranked: Path) -> None:
    then = json.loads((HERE / "made_on.json").read_text(encoding="utf-8"))
    if golden.made_on() != then:
        pytest.skip(f"the golden file was made on {then}; compared number by number instead")
    assert ranked.read_bytes() == GOLDEN.read_bytes(), ADVICE


def test_closed_firms_are_gone_and_repaired_penalties_count_nothing() -> None:
    then = table(GOLDEN).set_index("firm_id")
    assert "A-3" not in then.index  # closed in 2019
    same = [name for name in DECIMALS if name != "percentile"]
    assert then.loc["A-1", same].equals(then.loc["A-2", same])  # a twin, but for a repaired penalty
