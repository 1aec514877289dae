"""The minor numbers of the capability devices that guard MIG instances.

Rule: `/proc/driver/nvidia-caps/mig-minors` lists `config 1` and `monitor 2`, then for each GPU 15
GPU instances of nine entries: the instance's own and one for each of eight compute instances.
"""

from collections.abc import Iterator

CONFIG = 1
MONITOR = 2
_FIRST = 3

# GPU instance ids are 0 to 14 (one whole, two halves, four quarters, eight eighths).
GPU_INSTANCES = 15
COMPUTE_INSTANCES = 8
_PER_INSTANCE = 1 + COMPUTE_INSTANCES
_PER_GPU = GPU_INSTANCES * _PER_INSTANCE

# The kernel module makes room for so many GPUs, present or not.
GPUS = 32


def minor(gpu: int, gi: int, ci: int | None = None) -> int:
    """Give the minor of the GPU instance `gi` of the GPU with the minor `gpu`, or of its `ci`.

    Raises ValueError when there can be no such instance.
    """
    if gpu < 0 or not 0 <= gi < GPU_INSTANCES:
        raise ValueError(f"no GPU has a GPU instance {gi}")
    if ci is not None and not 0 <= ci < COMPUTE_INSTANCES:
        raise ValueError(f"no GPU instance has a compute instance {ci}")
    return _FIRST + gpu * _PER_GPU + gi * _PER_INSTANCE + (0 if ci is None else 1 + ci)


def mig_minors(gpus: int = GPUS) -> Iterator[tuple[str, int]]:
    """Give every entry of `mig-minors` in its order: a path such as `gpu0/gi1/ci0/access`."""
    yield "config", CONFIG
    yield "monitor", MONITOR
    for gpu in range(gpus):
        for gi in range(GPU_INSTANCES):
            yield f"gpu{gpu}/gi{gi}/access", minor(gpu, gi)
            for ci in range(COMPUTE_INSTANCES):
                yield f"gpu{gpu}/gi{gi}/ci{ci}/access", minor(gpu, gi, ci)
