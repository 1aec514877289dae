"""A group of devices in a machine file: one model, where each of them sits, what each is called."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from drawplate.emulators.located import Part, require, written
from drawplate.emulators.machine.addresses import Address

# What may stand in names of devices and in variables of containers.
Uuid = Annotated[
    str,
    written(
        r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", "GPU-1b9a4d1e-6c15-5d0e-9f0c-3a6a5f6f0e11"
    ),
]
Serial = Annotated[str, written(r"[A-Za-z0-9-]{1,29}", "1654123012345")]

# if.h: IFNAMSIZ is 16 with the final zero; the kernel refuses slashes, colons and spaces.
MOST_NETDEV = 15
# rdma/ib_user_verbs.h: IB_DEVICE_NAME_MAX is 64 with the final zero.
MOST_RDMA = 63

Interface = Annotated[
    str, written(rf"[^\s/:.][^\s/:]{{0,{MOST_NETDEV - 1}}}", "rdma0, of at most 15 characters")
]
_Mac = Annotated[str, written(r"[0-9a-f][02468ace](:[0-9a-f]{2}){5}", "02:1b:00:00:00:01")]


class Netdev(Part):
    """The network interface of a card: a real one of the node, which `backend` makes."""

    name: Interface
    backend: Literal["veth", "tap", "dummy", "netdevsim", "none"] = "veth"
    # The bridge that its other end is plugged into.
    peer: Interface | None = None
    mac: _Mac | None = None
    mtu: int | None = Field(default=None, ge=68, le=65535)
    addresses: tuple[str, ...] = ()


class Rdma(Part):
    """The RDMA identity of a card."""

    name: Annotated[str, written(rf"[^\s/]{{1,{MOST_RDMA}}}", "mlx5_0")]
    link_layer: Literal["Ethernet", "InfiniBand"] = "Ethernet"


class Sriov(Part):
    """The virtual functions of each device of the group: how many can be, how many are."""

    total: int | None = Field(default=None, ge=0, le=65535)
    num: int = Field(default=0, ge=0)
    # Routing ids from the physical function to its first virtual one, and between two of them.
    offset: int | None = Field(default=None, ge=1)
    stride: int = Field(default=1, ge=1)


class Devices(Part):
    """Some devices of one model. `unplugged` names those of `at` that are not there now."""

    kind: str
    profile: str
    count: int = Field(default=1, ge=1)
    at: tuple[Address, ...]
    unplugged: tuple[Address, ...] = ()
    # One per device; none means that they are derived, which `derived` says in words.
    uuid: tuple[Uuid, ...] = ()
    serial: tuple[Serial, ...] = ()
    # One per device; a name of one device serves a group of one.
    netdev: tuple[Netdev, ...] = ()
    rdma: tuple[Rdma, ...] = ()
    sriov: Sriov | None = None

    @field_validator("at", "netdev", "rdma", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str | Mapping) else value

    @field_validator("uuid", "serial", mode="before")
    @classmethod
    def _derived(cls, value: object) -> object:
        return () if value == "derived" else value

    @model_validator(mode="after")
    def _counts_agree(self) -> "Devices":
        require(
            len(self.at) == self.count,
            f"count is {self.count}, but `at` has {len(self.at)} addresses",
            "make the two agree",
            key="count",
        )
        for name, entries in (("uuid", self.uuid), ("serial", self.serial)):
            require(
                not entries or len(set(entries)) == len(entries) == self.count,
                f"{name} has {len(set(entries))} different entries for {self.count} devices",
                f"give one per device, or write `{name}: derived`",
                key=name,
            )
        strangers = sorted(set(self.unplugged) - set(self.at))
        require(
            not strangers,
            f"unplugged names {', '.join(strangers)}, which `at` does not have",
            "name addresses of `at`",
            key="unplugged",
        )
        return self

    @model_validator(mode="after")
    def _one_name_per_device(self) -> "Devices":
        for name, entries in (("netdev", self.netdev), ("rdma", self.rdma)):
            require(
                not entries or len(entries) == self.count,
                f"{name} has {len(entries)} entries for {self.count} devices",
                "give a list with one entry per device, or leave it out",
                key=name,
            )
        return self

    def options(self, place: int) -> dict[str, Any]:
        """Give what is said of the device at `place` of `at` beyond its model and identity."""
        found: dict[str, Any] = {}
        if self.netdev:
            found["netdev"] = self.netdev[place].model_dump()
        if self.rdma:
            found["rdma"] = self.rdma[place].model_dump()
        if self.sriov:
            found["sriov"] = self.sriov.model_dump()
        return found
