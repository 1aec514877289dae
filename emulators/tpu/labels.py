"""The labels of a node with TPUs as GKE sets them, for the API and for `kube-labels` metadata."""

from drawplate.emulators.state.model import State
from drawplate.emulators.tpu import slices


def node_labels(state: State) -> dict[str, str]:
    """Give the labels; none without TPUs."""
    slice_ = slices.of(state)
    if slice_ is None:
        return {}
    cloud = state.node.machine.cloud
    machine = cloud.get("machine_type") or f"{slice_.section.machine_prefix}-{slice_.chips_here}t"
    labels = {
        "cloud.google.com/gke-accelerator-count": str(slice_.chips_here),
        "cloud.google.com/gke-tpu-accelerator": slice_.section.gke_accelerator,
        "cloud.google.com/gke-tpu-topology": slice_.topology,
        "cloud.google.com/machine-family": machine.partition("-")[0],
        "node.kubernetes.io/instance-type": machine,
        "topology.kubernetes.io/region": cloud.get("zone", "us-central1-a").rpartition("-")[0],
        "topology.kubernetes.io/zone": cloud.get("zone", "us-central1-a"),
    }
    if slice_.is_multi_host:
        resilient = str(slice_.resilient).lower()
        labels["cloud.google.com/gke-tpu-ici-resiliency"] = resilient
    return labels
