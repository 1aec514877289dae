"""The variables that containers with TPUs get on a real node, and the entries of its tpu-env."""

from collections.abc import Mapping

from drawplate.emulators.state.device import NODE
from drawplate.emulators.state.model import State
from drawplate.emulators.tpu import slices
from drawplate.emulators.tpu.slices import Slice, axes


def container_environment(slice_: Slice) -> dict[str, str]:
    """Give what a container gets that holds all chips of the host.

    Names: JAX and torch_xla, and Google's device plugin; TPU_WORKER_* of several hosts come from
    GKE's webhook, which knows the job's pods, and not from the node.
    """
    hosts, chips = axes(slice_.hosts, 1), axes(slice_.per_host, 1)
    found = {
        "TPU_SKIP_MDS_QUERY": "true",
        "TPU_TOPOLOGY": slice_.topology,
        "TPU_ACCELERATOR_TYPE": _driver_type(slice_),
        "TPU_VISIBLE_CHIPS": ",".join(map(str, range(slice_.chips_here))),
        "TPU_HOST_BOUNDS": hosts,
        "TPU_CHIPS_PER_HOST_BOUNDS": chips,
        "HOST_BOUNDS": hosts,
        "CHIPS_PER_HOST_BOUNDS": chips,
    }
    if slice_.is_multi_host:
        wrap = axes(slice_.wrap, filler=False)
        found |= {
            "TPU_TOPOLOGY_ALT": "false",
            "ALT": "false",
            "TPU_TOPOLOGY_WRAP": wrap,
            "WRAP": wrap,
            "ENABLE_ICI_RESILIENCY": str(slice_.resilient).lower(),
        }
    else:
        found |= {"TPU_WORKER_ID": "0", "TPU_WORKER_HOSTNAMES": "localhost"}
    return found


def tpu_env(state: State) -> dict[str, str]:
    """Give the entries of the attribute and file `tpu-env`; none without TPUs."""
    slice_ = slices.of(state)
    if slice_ is None:
        return {}
    cloud = state.node.machine.cloud
    entries: dict[str, str] = {
        "ACCELERATOR_TYPE": slice_.accelerator_type,
        "CHIPS_PER_HOST_BOUNDS": axes(slice_.per_host, 1),
        "CONSUMER_PROJECT_ID": cloud.get("project", "drawplate"),
        "ENABLE_ICI_RESILIENCY": str(slice_.resilient).lower(),
        "HOST_BOUNDS": axes(slice_.hosts, 1),
        "NODE_ID": state.node.node,
        "TOPOLOGY": slice_.topology,
        "TPU_CHIPS_PER_PROCESS_BOUNDS": axes(slice_.per_host, 1),
        "TPU_PROCESS_BOUNDS": axes(slice_.hosts, 1),
        "TPU_TOPOLOGY_WRAP": axes(slice_.wrap, filler=False),
        "TYPE": slice_.section.type_name,
        "WORKER_ID": str(slice_.worker),
        "WRAP": axes(slice_.wrap, filler=False),
        "ZONE": cloud.get("zone", "us-central1-a"),
    }
    return _with(entries, state.device(NODE)["tpu.env"])


def tpu_env_text(state: State) -> str:
    """Give tpu-env as it is written: a line `KEY: 'value'` for each entry."""
    return "".join(f"{key}: '{value}'\n" for key, value in sorted(tpu_env(state).items()))


def _with(entries: dict[str, str], others: Mapping[str, object]) -> dict[str, str]:
    merged: dict[str, object] = {**entries, **others}
    return {key: str(value) for key, value in merged.items() if value is not None}


def _driver_type(slice_: Slice) -> str:
    # Google's driver writes `<generation>-<cores>`: one core a chip for lite ones and v6e, else two.
    chips = 1
    for size in slice_.dimensions:
        chips *= size
    return f"{slice_.section.generation}-{chips * slice_.section.cores}"
