"""How the numbered columns of a synthetic registry become Arrow tables with texts and dates."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.schema import BY_NAME
from risk_index.world.firms import EVERYWHERE, NEVER, OWNERSHIPS, Array, stream
from risk_index.world.history import GRAVITIES, SELECTIONS, Columns
from risk_index.world.records import COLOURS, GROUNDS, LISTS, SEXES, STATUSES
from risk_index.world.repeats import PLATFORM
from risk_index.world.settings import WorldSettings

CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
COMPANY = "有限公司"
NUMBERS = {"penalties": "penalty_id", "permits": "permit_id", "inspections": "inspection_id"}
"""Tables whose rows are numbered, and the column that holds the number."""
LETTERS = {"penalty_id": "P", "permit_id": "L", "inspection_id": "V", "group_id": "G"}


class Encoder:
    """Turns columns of numbers into Arrow tables, by the names of the columns.

    Parameters
    ----------
    settings : WorldSettings
        Where the texts behind the numbers come from.
    """

    def __init__(self, settings: WorldSettings) -> None:
        self._texts = {name: pa.array(texts) for name, texts in _texts(settings).items()}

    def encode(self, name: str, table: Columns, chunk: int, ids: pa.Array) -> pa.Table:
        """Return a table, record tables with the columns of the schema in their order."""
        if name in NUMBERS:
            table = {NUMBERS[name]: np.arange(len(table["firm_id"])), **table}
        texts = {key: self._encode(key, values, chunk, ids) for key, values in table.items()}
        if name == "firms":
            texts["name"] = self._names(table)
        order = BY_NAME[name].names if name in BY_NAME else tuple(texts)
        return pa.table({key: texts[key] for key in order})

    def _encode(self, name: str, values: Array, chunk: int, ids: pa.Array) -> pa.Array:
        if name == "firm_id":
            return ids.take(pa.array(values))
        if name in LETTERS:
            return numbered(LETTERS[name], chunk, values)
        if name == "decision_number":
            return decision_numbers(chunk, values)
        if name in self._texts:
            return self._texts[name].take(pa.array(values))
        if name.endswith("_on") or name == "valid_to":
            days = pa.array(values.astype(np.int32), mask=values == NEVER)
            return days.cast(pa.date32())
        return pa.array(values, from_pandas=True)

    def _names(self, table: Columns) -> pa.Array:
        parts = [
            self._texts["place"].take(pa.array(table["region"])),
            self._texts["name"].take(pa.array(table["name"])),
            self._texts["trade"].take(pa.array(table["sector"])),
        ]
        return pc.binary_join_element_wise(*parts, COMPANY, "")


def _texts(settings: WorldSettings) -> dict[str, list[str]]:
    """Return the texts of every numbered column, in the order of their numbers."""
    sources, regions, characters = settings.sources, settings.regions, settings.name_characters
    return {
        "sector": [sector.code for sector in settings.sectors],
        "trade": [sector.word for sector in settings.sectors],
        "region": [region.code for region in regions],
        "place": [region.name for region in regions],
        "name": [first + second for first in characters for second in characters],
        "ownership": list(OWNERSHIPS),
        "size_class": [size.name for size in settings.sizes],
        "supervised_by": [_supervisor(settings, sector.code) for sector in settings.sectors],
        "source": [*(source.name for source in sources), PLATFORM],
        "authority": [f"{r.name}{s.authority}" for r in regions for s in sources],
        "category": [category for source in sources for category in source.categories],
        "gravity": list(GRAVITIES),
        "kind": [kind.name for kind in settings.permits],
        "status": list(STATUSES),
        "reason": [ground.reason for ground in settings.irregularities],
        "list": list(LISTS),
        "colour": list(COLOURS),
        "ground": list(GROUNDS),
        "selection": list(SELECTIONS),
        "inspector_id": [
            f"I{region.code}{number:03d}"
            for region in regions for number in range(settings.inspectors_per_region)
        ],
        "scheme": [scheme.scheme for scheme in settings.schemes],
        "better": ["higher", "lower"],
        "legal_rep_sex": list(SEXES),
    }  # fmt: skip


def _supervisor(settings: WorldSettings, code: str) -> str:
    """Return the source that oversees the sector and the fewest others."""
    fitting = [source for source in settings.sources if code[0] in source.sections]
    return min(fitting or settings.sources, key=lambda source: len(source.sections)).name


def numbered(prefix: str, chunk: int, numbers: Array) -> pa.Array:
    """Return numbers such as ``P00010000042``; empty where a number is negative."""
    unique = pa.array(chunk * 10**8 + numbers, mask=numbers < 0)
    padded = pc.utf8_lpad(unique.cast(pa.string()), 12, "0")
    return pc.binary_join_element_wise(prefix, padded, "")


def decision_numbers(chunk: int, numbers: Array) -> pa.Array:
    """Return the numbers of decisions, odd ones as the second platform writes them."""
    opened = pa.array(["处罚〔", "处罚["]).take(pa.array(numbers % 2))
    closed = pa.array(["〕号", "]号"]).take(pa.array(numbers % 2))
    return pc.binary_join_element_wise(opened, numbered("", chunk, numbers // 2), closed, "")


def credit_codes(seed: int, first: int, regions: Array) -> pa.Array:
    """Return valid unified social credit codes (GB 32100), one a firm, none twice in a world.

    Parameters
    ----------
    seed : int
        Seed of the world: other worlds have other codes.
    first : int
        Number of the first of these firms in the world.
    regions : ndarray of str, shape (n,)
        Codes of the places of registration, six digits.
    """
    values = np.zeros((len(regions), 18), dtype=np.int64)
    values[:, :2] = 9, 1
    values[:, 2:8] = regions.astype("S6").view(np.uint8).reshape(-1, 6) - ord("0")
    values[:, 8] = CREDIT_ALPHABET.index("M")
    values[:, 9:16] = _organisations(seed, first + np.arange(len(regions)))
    values[:, 16] = _inner_check(values[:, 8:16])
    values[:, 17] = -(values[:, :17] @ np.array([pow(3, place, 31) for place in range(17)])) % 31
    letters = np.frombuffer(CREDIT_ALPHABET.encode(), dtype=np.uint8)[values]
    return pa.array(letters.view("S18").ravel()).cast(pa.string())


def _organisations(seed: int, numbers: Array) -> Array:
    """Return seven base-31 digits a number: a permutation of all such codes, shape (n, 7)."""
    codes = 31**7
    shift = int(stream(seed, EVERYWHERE, "credit codes").integers(codes))
    scattered = (numbers % codes * 123_456_791 + shift) % codes
    return scattered[:, None] // 31 ** np.arange(6, -1, -1) % 31


def _inner_check(organisation: Array) -> Array:
    """Return the place of the GB 11714 check character in the credit alphabet."""
    face = np.array([int(letter, 36) for letter in CREDIT_ALPHABET])
    digit = -(face[organisation] @ np.array([3, 7, 9, 10, 5, 8, 4, 2])) % 11
    return np.where(digit == 10, CREDIT_ALPHABET.index("X"), digit)
