"""Public randomness that is named before anybody can know it: a drand round, or an announced event.

drand quicknet is a beacon that a league of organisations signs together every three seconds. Its rounds
are numbered from 1 at a fixed time, so a future round can be named; its signature is checked offline, with
the group's public key. The randomness of a round is the SHA-256 of its signature.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Final, Literal

from pydantic import Field

from risk_index.draw.errors import DrawError
from risk_index.draw.records import Record, Stamp, moment, stamp

CHAIN: Final = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
SCHEME: Final = "bls-unchained-g1-rfc9380"
PUBLIC_KEY = (
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
DOMAIN = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
GENESIS = dt.datetime(2023, 8, 23, 15, 9, 27, tzinfo=dt.UTC)
PERIOD = 3
NOTICE = dt.timedelta(minutes=10)
"""Least time between commit and beacon, in which the commit is published."""
LEAST_DIGITS = 6
LEAST_HEX = 16
LEAST_TEXT = 6
FEWEST_WORDS = "what is published, by whom, which issue or day, and how it is written"


@dataclass(frozen=True)
class Revealed:
    """What a source revealed.

    Attributes
    ----------
    value : str
        Signature in hex, or the announced value in the one form that is hashed.
    randomness : bytes
        32 bytes that the seed is made of.
    """

    value: str
    randomness: bytes


class DrandRound(Record):
    """A numbered round of drand quicknet."""

    kind: Literal["drand"] = "drand"
    chain: Literal["52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"] = CHAIN
    scheme: Literal["bls-unchained-g1-rfc9380"] = SCHEME
    round: Annotated[int, Field(ge=1, lt=2**32)]
    due: Stamp

    def problems(self) -> list[str]:
        """Return what the record says wrongly."""
        right = round_due(self.round)
        return [] if self.due == right else [f"round {self.round} is due {right}, not {self.due}"]

    def reveal(self, value: str) -> Revealed:
        """Check the signature of the round.

        Raises
        ------
        DrawError
            Where it is not the signature of this round by the group's key.
        """
        text = value.strip().lower()
        if not re.fullmatch("[0-9a-f]{96}", text):
            raise DrawError(
                f"The signature of a quicknet round has 96 hex digits; this one has {len(text)} "
                "characters. Copy the field `signature` of the round, not `randomness`."
            )
        if not is_signature(self.round, bytes.fromhex(text)):
            raise DrawError(
                f"This is not the signature of drand quicknet round {self.round}, which the commit names "
                f"(due {self.due}). Take the signature of that round and no other."
            )
        return Revealed(text, sha256(bytes.fromhex(text)).digest())


class Announced(Record):
    """An event announced in words, such as a lottery draw; how its outcome is written is fixed as well.

    Forms: ``numbers`` takes the whole numbers in the order given, without leading zeros, one space between;
    ``hex`` the hex digits in lower case; ``text`` the text in Unicode NFKC with single spaces. The
    randomness is the SHA-256 of that, so that layout leaves nothing to choose.
    """

    kind: Literal["announced"] = "announced"
    text: Annotated[str, Field(min_length=20)]
    form: Literal["numbers", "hex", "text"]
    due: Stamp

    def problems(self) -> list[str]:
        """Return what the record says wrongly: nothing beyond its form."""
        return []

    def reveal(self, value: str) -> Revealed:
        """Bring the outcome into its form and hash it.

        Raises
        ------
        DrawError
            Where it has not the announced form, or is too short to be random.
        """
        normal = unicodedata.normalize("NFKC", value)
        match self.form:
            case "numbers":
                words = [digits.lstrip("0") or "0" for digits in re.findall("[0-9]+", normal)]
                normal, enough = " ".join(words), sum(map(len, words)) >= LEAST_DIGITS
            case "hex":
                normal = "".join(normal.split()).lower().removeprefix("0x")
                enough = bool(re.fullmatch(f"[0-9a-f]{{{LEAST_HEX},}}", normal))
            case "text":
                normal = " ".join(normal.split())
                enough = len(normal) >= LEAST_TEXT
        if not enough:
            raise DrawError(
                f"The revealed value {value!r} is not of the announced form {self.form!r}, which needs at "
                f"least {LEAST_DIGITS} digits of numbers, {LEAST_HEX} hex digits or {LEAST_TEXT} characters."
            )
        return Revealed(normal, sha256(normal.encode()).digest())


Beacon = Annotated[DrandRound | Announced, Field(discriminator="kind")]


def drand_round(number: int) -> DrandRound:
    """Name a round of drand quicknet by its number."""
    if not 1 <= number < 2**32:
        raise DrawError(f"drand round {number} does not exist: rounds are numbered from 1.")
    return DrandRound(round=number, due=round_due(number))


def drand_round_at(time: dt.datetime) -> DrandRound:
    """Name the first round of drand quicknet that is due at a time or after it."""
    return drand_round(max(1, 1 - int((GENESIS - time).total_seconds() // PERIOD)))


def announced(text: str, form: Literal["numbers", "hex", "text"], due: str) -> Announced:
    """Name an event in words.

    Raises
    ------
    DrawError
        Where the words cannot say enough or the time is none.
    """
    words = " ".join(text.split())
    if len(words) < 20:
        raise DrawError(f"The announcement {text!r} is too short to say {FEWEST_WORDS}.")
    return Announced(text=words, form=form, due=stamp(moment(due, "The announced time")))


def round_due(number: int) -> str:
    """Return when a round of drand quicknet is due."""
    return stamp(GENESIS + dt.timedelta(seconds=PERIOD * (number - 1)))


def too_early(due: str, committed_at: str) -> str | None:
    """Return what is wrong with a beacon due too soon after the commit, or None."""
    least = moment(committed_at, "committed_at") + NOTICE
    if moment(due, "due") >= least:
        return None
    minutes = int(NOTICE.total_seconds() // 60)
    return (
        f"the randomness is due {due}, the commit is of {committed_at}: at least {minutes} minutes must lie "
        f"between, so that the commit is published before anybody can know it ({stamp(least)} or later)"
    )


def is_signature(number: int, signature: bytes) -> bool:
    """Return whether the group's key signed a round: e(signature, g2) = e(hash(round), key) on BLS12-381."""
    from py_arkworks_bls12381 import GT, G1Point, G2Point

    message = sha256(number.to_bytes(8, "big")).digest()
    try:
        point = G1Point.from_compressed_bytes(signature)
    except ValueError:
        return False
    hashed = G1Point.hash_to_curve(message, DOMAIN)
    key = G2Point.from_compressed_bytes(bytes.fromhex(PUBLIC_KEY))
    return bool(GT.pairing_check([point, -hashed], [G2Point(), key]))
