"""Where MLflow lives, said without a password: addresses and the words of a failing store."""

from __future__ import annotations

import re
from urllib.parse import unquote

from features.addresses import HIDDEN, Address, is_address, without_secrets


def shown(place: str) -> str:
    """Return a folder or an address as people may read it: no user, password, query or odd port.

    >>> shown("http://ann:word@host:5000/mlflow?token=x"), shown("OUT/registry")
    ('http://***@host:5000/mlflow', 'OUT/registry')
    >>> shown("mysql://host:word")
    'mysql://host'
    """
    if is_address(place):
        return str(Address.of(place))
    if "://" not in place:
        return without_secrets(place)
    scheme, _, rest = place.partition("://")
    user, at, host = rest.rpartition("@")
    host = re.sub(r":(?!\d+(?:/|$))[^/]*", "", re.split(r"[?#]", host)[0])
    return f"{scheme}://{HIDDEN + at if user else ''}{host}"


def odd_port(address: str) -> bool:
    """Tell whether what stands where a port stands is no number; it may be a password.

    >>> odd_port("mysql://ann:word"), odd_port("http://ann:word@host:5000")
    (True, False)
    """
    host = re.split(r"[/?#]", address.partition("://")[2])[0].rpartition("@")[2]
    port = re.search(r":([^:\]]*)$", host)
    return port is not None and not port[1].isdigit()


def said(error: BaseException, place: str) -> str:
    """Return the first line of what a store says, the address in it as `shown`, its secrets hidden."""
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return without_secrets(first.replace(place, shown(place)), _secrets(place))


def _secrets(place: str) -> list[str]:
    """Return the parts of an address that `shown` leaves out, the longest first."""
    if shown(place) == place:
        return []
    scheme, _, rest = place.partition("://")
    kept = set(re.split(r"[:/@?#&=\s]+", shown(place)))
    parts = {rest.rpartition("@")[0], *re.split(r"[:/@?#&=\s]+", rest)} - kept - {scheme, ""}
    forms = parts | {unquote(part) for part in parts}
    return sorted(forms, key=lambda form: (-len(form), form))
