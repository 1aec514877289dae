"""The network interfaces of this node, as netlink tells of them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Link:
    """One interface of this network namespace."""

    name: str
    mac: str
    mtu: int


def links() -> list[Link]:
    """Give all interfaces. Raises OSError."""
    with _netlink() as ipr:
        return [
            Link(one.get("ifname"), one.get("address") or "", one.get("mtu") or 0)
            for one in ipr.get_links()
        ]


def uplinks() -> set[str]:
    """Give the interfaces with a default route: by them the node itself is reached."""
    with _netlink() as ipr:
        routes = [one for one in ipr.get_default_routes() if one.get("oif")]
        names = {one["index"]: one.get("ifname") for one in ipr.get_links()}
        return {names[route.get("oif")] for route in routes if route.get("oif") in names}


def _netlink() -> Any:
    # Imported late: it takes a second, and other families do not need it.
    from pyroute2 import IPRoute  # noqa: PLC0415

    return IPRoute()
