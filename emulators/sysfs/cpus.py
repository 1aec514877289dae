"""Processors by memory node, as the kernel writes lists and masks of them."""

import functools
import os
from collections.abc import Iterable
from itertools import groupby

from drawplate.emulators.machine.topology import Numa, cpu_numbers

_WORD = 32


def all_cpus(numa: Numa) -> list[int]:
    """Give the node's processors: the machine file's, or else those of this machine."""
    named = sorted(cpu for text in numa.cpus for cpu in cpu_numbers(text))
    return named or list(range(os.cpu_count() or 1))


def cpus_of(numa: Numa, node: int) -> list[int]:
    """Give the processors of a memory node; all of them for none (-1)."""
    if 0 <= node < len(numa.cpus):
        return sorted(cpu_numbers(numa.cpus[node]))
    return all_cpus(numa)


@functools.lru_cache(maxsize=256)
def described(numa: Numa, node: int) -> tuple[str, str]:
    """Give the processors of a memory node as a mask and as a list."""
    cpus = cpus_of(numa, node)
    return cpu_mask(cpus, numa), cpu_list(cpus)


def cpu_list(cpus: Iterable[int]) -> str:
    """Write numbers as ranges, `0-55,112-167`."""
    runs = []
    for _, run in groupby(enumerate(sorted(cpus)), key=lambda pair: pair[1] - pair[0]):
        numbers = [number for _, number in run]
        first, last = numbers[0], numbers[-1]
        runs.append(f"{first}" if first == last else f"{first}-{last}")
    return ",".join(runs)


def cpu_mask(cpus: Iterable[int], numa: Numa) -> str:
    """Write numbers as a mask, in words of 32 bits and as wide as the node has processors."""
    width = max(all_cpus(numa)) + 1
    mask = sum(1 << cpu for cpu in cpus)
    words = [mask >> _WORD * place & 0xFFFF_FFFF for place in range(-(-width // _WORD))]
    first = width % _WORD or _WORD
    digits = [-(-first // 4)] + [8] * (len(words) - 1)
    return ",".join(f"{word:0{n}x}" for word, n in zip(reversed(words), digits, strict=True))
