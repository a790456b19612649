"""The Merkle tree of RFC 6962, section 2.1: one hash for all rows, a short proof for each.

``leaf = SHA-256(0x00 || row)``, ``node = SHA-256(0x01 || left || right)``. The RFC splits a list at the
largest power of two below its length; joining neighbours level by level and lifting an odd last one
unchanged gives the same tree.
"""

from __future__ import annotations

from hashlib import sha256

DIGEST = 32
PAIR = 2 * DIGEST
EMPTY = sha256(b"").digest()


def leaf_hash(row: bytes) -> bytes:
    """Return the hash of a row, 32 bytes."""
    return sha256(b"\x00" + row).digest()


def root(leaves: bytes) -> bytes:
    """Return the tree hash of joined leaf hashes, 32 bytes each."""
    level = leaves
    while len(level) > DIGEST:
        level = _parents(level)
    return level or EMPTY


def path(leaves: bytes, index: int) -> list[bytes]:
    """Return the siblings from a leaf up to the root (RFC 6962, section 2.1.1).

    Parameters
    ----------
    leaves : bytes
        Joined leaf hashes.
    index : int
        Place of the leaf, from 0.
    """
    level, found = leaves, []
    if not 0 <= index < len(leaves) // DIGEST:
        raise IndexError(f"leaf {index} of {len(leaves) // DIGEST}")
    while len(level) > DIGEST:
        sibling = (index ^ 1) * DIGEST
        if sibling < len(level):
            found.append(level[sibling : sibling + DIGEST])
        level, index = _parents(level), index // 2
    return found


def root_from_path(leaf: bytes, index: int, size: int, siblings: list[bytes]) -> bytes | None:
    """Return the root that a leaf and its siblings lead to; None if they do not fit the size."""
    if not 0 <= index < size:
        return None
    value, left, last = leaf, list(siblings), size - 1
    while last:  # the place of the last node of this level
        if index % 2 or index < last:
            if not left:
                return None
            sibling = left.pop(0)
            pair = sibling + value if index % 2 else value + sibling
            value = sha256(b"\x01" + pair).digest()
        index, last = index // 2, last // 2
    return None if left else value


def _parents(level: bytes) -> bytes:
    whole = len(level) - len(level) % PAIR
    nodes = (sha256(b"\x01" + level[i : i + PAIR]).digest() for i in range(0, whole, PAIR))
    return b"".join(nodes) + level[whole:]
