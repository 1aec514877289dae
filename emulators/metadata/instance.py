"""The instance that a cloud's metadata server tells of: what follows from the machine and its state."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface, ip_interface

from drawplate.emulators.nic import identity
from drawplate.emulators.state.device import NODE, Device
from drawplate.emulators.state.model import State
from drawplate.emulators.tpu import environment, labels, slices

_DEFAULT_ZONE = "us-central1-a"
_DEFAULT_PROJECT = "drawplate"
# Primary addresses that no file names are taken from this network.
_NETWORK = "10.128"


@dataclass(frozen=True, slots=True)
class Interface:
    """One network interface of the instance."""

    number: int
    mac: str
    address: IPv4Interface
    mtu: int
    network: str
    rdma: bool

    @property
    def ip(self) -> str:
        """The address without its prefix."""
        return str(self.address.ip)

    @property
    def gateway(self) -> str:
        """The first address of the network."""
        return str(self.address.network.network_address + 1)

    @property
    def subnet(self) -> str:
        """The network with its prefix, `10.8.0.0/24`."""
        return str(self.address.network)


@dataclass(frozen=True, slots=True)
class Instance:
    """One virtual machine, or bare-metal host, of a cloud."""

    name: str
    number: int
    zone: str
    region: str
    project: str
    project_number: int
    machine_type: str
    maintenance: str
    interfaces: tuple[Interface, ...]
    attributes: Mapping[str, str]
    cloud: Mapping[str, str]


def provider_of(state: State) -> str:
    """Give the cloud that answers: gce, aws, azure, oci, or none."""
    said = str(state.device(NODE)["cloud.provider"])
    has_tpu = bool(state.devices(family="tpu", absent=True))
    return said or state.node.machine.cloud.get("provider") or ("gce" if has_tpu else "none")


def instance_of(state: State) -> Instance:
    """Give the instance as it is now."""
    cloud, name = state.node.machine.cloud, state.node.node
    zone = cloud.get("zone", _DEFAULT_ZONE)
    project = cloud.get("project", _DEFAULT_PROJECT)
    return Instance(
        name=name,
        number=_number("instance", state.node.machine.machine, name),
        zone=zone,
        region=cloud.get("region") or zone.rpartition("-")[0] or zone,
        project=project,
        project_number=_number("project", project) % 10**12,
        machine_type=cloud.get("machine_type", "n2-standard-8"),
        maintenance=str(state.device(NODE)["cloud.maintenance"]),
        interfaces=_interfaces(state),
        attributes=_attributes(state),
        cloud=cloud,
    )


def _interfaces(state: State) -> tuple[Interface, ...]:
    cards = [
        one
        for one in state.devices(family="nic")
        if one.spec.parent is None and identity.has_interface(one.spec)
    ]
    if not cards:
        mac = f"42:01:{_digest('mac', state.node.node)[:4].hex(':')}"
        return (Interface(0, mac, _address(state, 0, ()), 1460, "default", rdma=False),)
    return tuple(_interface(state, number, card) for number, card in enumerate(cards))


def _interface(state: State, number: int, card: Device) -> Interface:
    given = card.spec.options.get("netdev", {}).get("addresses", ())
    return Interface(
        number=number,
        mac=identity.permanent_mac(card.spec),
        address=_address(state, number, given),
        mtu=int(card["netdev.mtu"]),
        network=identity.fabric(card.spec),
        rdma="rdma" in card.spec.options,
    )


def _address(state: State, number: int, given: tuple[str, ...]) -> IPv4Interface:
    for text in given:
        address = ip_interface(text)
        if isinstance(address, IPv4Interface):
            return address
    host = 2 + _digest("address", state.node.node)[0] % 250
    return IPv4Interface(f"{_NETWORK}.{number}.{host}/24")


def _attributes(state: State) -> dict[str, str]:
    found: dict[str, object] = {"cluster-name": "drawplate"}
    slice_ = slices.of(state)
    if slice_ is not None:
        pairs = zip(slice_.hostnames, slice_.addresses, strict=False)
        node_labels = labels.node_labels(state).items()
        found |= {
            "accelerator-type": slice_.accelerator_type,
            "agent-worker-number": str(slice_.worker),
            "worker-id": str(slice_.worker),
            "worker-network-endpoints": ",".join(f"{host}:unknown:{ip}" for host, ip in pairs),
            "tpu-env": environment.tpu_env_text(state),
            "kube-labels": ",".join(f"{key}={value}" for key, value in node_labels),
        }
    found |= state.device(NODE)["cloud.attributes"]
    return {key: str(value) for key, value in found.items() if value is not None}


def _number(*parts: str) -> int:
    return int.from_bytes(_digest(*parts)[:8], "big") >> 1


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("/".join(parts).encode()).digest()
