"""What makes up /sys, in the order of building: a later module may replace what an earlier put."""

from drawplate.emulators.sysfs import (
    aer,
    amd,
    binding,
    dmi,
    drm,
    infiniband,
    intel,
    iommu,
    kfd,
    modules,
    net,
    pci,
    removal,
    sriov,
    tpu,
    vfio,
)
from drawplate.emulators.tree.model import Contributor

CONTRIBUTIONS: tuple[Contributor, ...] = (
    pci,
    modules,
    binding,
    removal,
    aer,
    iommu,
    vfio,
    sriov,
    dmi,
    drm,
    kfd,
    amd,
    intel,
    net,
    infiniband,
    tpu,
)
