"""What machine and which versions the figures belong to."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import psutil

from drawplate.fixtures.clusters.components.versions import shipped

CPU_FACTS = Path("/proc/cpuinfo")


def describe() -> dict[str, str]:
    """Give a few lines by their titles; the load is that of the last minute."""
    memory = psutil.virtual_memory().total / 2**30
    components = shipped().components
    return {
        "machine": f"{len(os.sched_getaffinity(0))} CPUs ({processor()}), {memory:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "versions": f"Drawplate {version('drawplate')}, Python {platform.python_version()}, "
        f"Kubernetes {components['kubernetes'].version}, etcd {components['etcd'].version}",
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def processor() -> str:
    """Give the processor's name, or its architecture where it has none."""
    try:
        text = CPU_FACTS.read_text(encoding="utf-8")
    except OSError:
        text = ""
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()
