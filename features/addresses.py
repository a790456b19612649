"""The address of a database, which may hold a password: as text it never shows it.

Whoever prints, logs or writes an :class:`Address` gets host and database at most. Only
:attr:`Address.conninfo` gives it whole, to the driver that connects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

HIDDEN = "***"
_SCHEME = re.compile(r"\s*postgres(?:ql)?(?:\+\w+)?:/*", re.IGNORECASE)
_WORDS = re.compile(r"(?:^|\s)password\s*=", re.IGNORECASE)
_IN_TEXT = re.compile(r"([a-z][a-z0-9+.-]*:/+)[^\s'\"]*@", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """The address of a PostgreSQL database.

    Attributes
    ----------
    conninfo : str
        The whole address, password and all, for the driver and for nothing else.
    """

    conninfo: str = field(repr=False)

    @classmethod
    def of(cls, place: Path | str) -> Address:
        """Take an address as somebody wrote it, in capitals or as a path too."""
        return cls(_SCHEME.sub("postgresql://", str(place).strip(), count=1))

    def __str__(self) -> str:
        """Return host and database.

        >>> print(Address.of("POSTGRES://ann:p@ss/word@host:5432/records?sslpassword=x"))
        postgresql://***@host/records
        >>> print(Address.of("postgresql://host/records"), Address.of("host=a password=b"))
        postgresql://host/records postgresql://***
        """
        if not self.conninfo.startswith("postgresql://"):
            return f"postgresql://{HIDDEN}"
        user, at, rest = self.conninfo.removeprefix("postgresql://").rpartition("@")
        host = re.sub(r":[^/]*", "", re.split(r"[?#]", rest)[0])
        return f"postgresql://{HIDDEN + at if user else ''}{host}"

    @property
    def is_clear(self) -> bool:
        """Tell whether it can be parted in one way only: @ stands once at most, a port is a number."""
        if not self.conninfo.startswith("postgresql://"):
            return True
        rest = self.conninfo.removeprefix("postgresql://")
        host = re.split(r"[/?#]", rest.rpartition("@")[2])[0]
        ports = re.findall(r":([^:,\]]*)(?:,|$)", host)
        early = re.search(r"[/?#].*@", rest)
        return rest.count("@") <= 1 and early is None and all(p.isdigit() for p in ports)


def is_address(place: object) -> bool:
    """Tell whether `place` is the address of a database rather than a path.

    >>> [is_address(p) for p in ("postgresql://host/records", Path("POSTGRES://a:b@c"), "records")]
    [True, True, False]
    """
    text = str(place)
    return isinstance(place, Address) or bool(_SCHEME.match(text) or _WORDS.search(text))


def without_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a message with no address's user or password in it, and none of `secrets`.

    >>> without_secrets("no host in mysql://ann:word@host/db; word", ["word"])
    'no host in mysql://***@host/db; ***'
    """
    for secret in filter(None, secrets):
        for form in {secret, unquote(secret)}:
            text = text.replace(form, HIDDEN)
    return _IN_TEXT.sub(rf"\1{HIDDEN}@", text)
