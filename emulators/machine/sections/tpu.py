"""What accel, VFIO and the metadata server tell of one generation of TPU."""

from typing import Literal

from pydantic import Field

from drawplate.emulators.located import Part


class Tpu(Part):
    """The section `tpu` of a profile."""

    # As the driver and its labels write it: v4, v5e, v5p, v6e, v7x.
    generation: str = ""
    # How the chips show in /dev: /dev/accelN, or /dev/vfio/GROUP.
    nodes: Literal["accel", "vfio"] = "vfio"
    # TensorCores of a chip, and devices that its runtime shows for it (two that act as one: 1).
    cores: int = Field(default=1, ge=1, le=2)
    runtime_devices: int = Field(default=1, ge=1, le=2)
    # Accelerator types are `<prefix>-<number>`, of chips or of cores.
    type_prefix: str = ""
    type_counts: Literal["chips", "cores"] = "chips"
    # What tpu-env calls the generation (TYPE).
    type_name: str = ""
    # Value of the label cloud.google.com/gke-tpu-accelerator.
    gke_accelerator: str = ""
    # Machine types end in the chips per host: `ct5lp-hightpu-4t`.
    machine_prefix: str = ""
    # When a dimension of a slice is a ring: if all are four or more, or if it is sixteen.
    wrap: Literal["all-from-4", "each-16"] = "each-16"
    # Topologies of more than one host that can be had.
    slices: tuple[str, ...] = ()
