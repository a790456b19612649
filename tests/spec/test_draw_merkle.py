"""The Merkle tree of RFC 6962: published values, paths, and what does not lead to the root."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_index.draw import merkle
from tests.property.naive_draw import audit_path, tree

# The eight leaves and the roots of the first n of them that the tests of Certificate Transparency use
# (github.com/google/certificate-transparency, merkle_tree_test.cc).
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657",
          "606162636465666768696a6b6c6d6e6f"]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def leaves(n: int) -> list[bytes]:
    return [merkle.leaf_hash(str(i).encode()) for i in range(n)]


@pytest.mark.parametrize("n", range(1, 9))
def test_published_roots(n):
    hashed = b"".join(merkle.leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES[:n])
    assert merkle.root(hashed).hex() == ROOTS[n - 1]


def test_no_leaf_has_the_hash_of_nothing():
    assert merkle.root(b"") == sha256(b"").digest()


@pytest.mark.parametrize("n", [*range(1, 40), 63, 64, 65, 127, 129])
def test_root_and_paths_are_those_of_the_recursion_in_the_rfc(n):
    some = leaves(n)
    root = merkle.root(b"".join(some))
    assert root == tree(some)
    for i in {0, 1, n // 2, n - 2, n - 1} & set(range(n)):
        path = merkle.path(b"".join(some), i)
        assert path == audit_path(i, some)
        assert merkle.root_from_path(some[i], i, n, path) == root


@pytest.mark.parametrize("index", [-1, 5])
def test_a_place_outside_has_no_path(index):
    with pytest.raises(IndexError):
        merkle.path(b"".join(leaves(5)), index)
    assert merkle.root_from_path(leaves(1)[0], index, 5, []) is None


@given(st.integers(2, 70), st.data())
def test_nothing_else_leads_to_the_root(n, data):
    some = leaves(n)
    root = merkle.root(b"".join(some))
    i = data.draw(st.integers(0, n - 1))
    path = merkle.path(b"".join(some), i)
    other = data.draw(st.integers(0, n - 1).filter(lambda j: j != i))
    assert merkle.root_from_path(some[other], i, n, path) != root
    assert merkle.root_from_path(some[i], other, n, path) != root
    assert merkle.root_from_path(some[i], i, n, path[:-1]) != root
    assert merkle.root_from_path(some[i], i, n, [*path, bytes(32)]) != root
    assert merkle.root_from_path(some[i], i, n, [bytes(32), *path[1:]]) != root


def test_a_node_is_never_taken_for_a_leaf():
    left, right = leaves(2)
    assert merkle.leaf_hash(left + right) != merkle.root(left + right)
