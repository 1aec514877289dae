"""What NVML and the driver's other interfaces tell of one model of NVIDIA GPU.

Numbers are those that nvidia-smi and NVML show for the product; -1 stands for what a model does
not have, and NVML then answers NOT_SUPPORTED.
"""

from typing import Any

from pydantic import Field

from drawplate.emulators.located import Part
from drawplate.emulators.machine.sections.mig import Mig


class Memory(Part):
    """The memory of the board."""

    # MiB that the driver keeps for itself: used and not free in nvmlMemory_t.
    reserved_mib: int = Field(default=0, ge=0)
    bus_width: int = Field(default=-1, ge=-1)
    bar1_mib: int = Field(default=-1, ge=-1)


class Clocks(Part):
    """Frequencies in MHz: the highest of each domain, and where an idle GPU rests."""

    graphics: int
    sm: int
    memory: int
    video: int
    idle_graphics: int
    idle_memory: int
    idle_video: int
    # Application clocks; -1 where the model has none.
    default_graphics: int = -1
    default_memory: int = -1
    # Memory clocks that can be chosen, the highest first; those of graphics go down by the step.
    supported_memory: tuple[int, ...] = ()
    lowest_graphics: int = 210
    step_graphics: int = 15


class Power(Part):
    """Power in milliwatts."""

    idle_mw: int = Field(ge=0)
    limit_mw: int = -1
    least_mw: int = -1
    most_mw: int = -1


class Temperature(Part):
    """Temperatures in degrees Celsius; `margins` are degrees that are left, as T.Limit counts."""

    idle: int = 30
    busy: int = 70
    memory: int = -1
    shutdown: int = -1
    slowdown: int = -1
    memory_max: int = -1
    gpu_max: int = -1
    margins: bool = False


class NvLink(Part):
    """NVLink ports."""

    links: int = Field(default=0, ge=0, le=18)
    version: int = Field(default=-1, ge=-1)
    # MB/s of one link in one direction, as NVML's field values give it.
    speed_mbps: int = Field(default=-1, ge=-1)
    # PCI device of the switches at the other end, `22a3`; other GPUs where there is none.
    switch: str = ""


class Inforom(Part):
    """Versions of the objects in the information ROM; an empty text where there is none."""

    image: str = ""
    oem: str = ""
    ecc: str = ""
    power: str = ""


class Nvidia(Part):
    """The section `nvidia` of a profile."""

    # nvmlBrandType_t and nvmlDeviceArchitecture_t (nvml.h 13.3).
    brand: int = Field(ge=0)
    architecture_code: int = Field(ge=0)
    compute: tuple[int, int]
    cores: int = Field(ge=0)
    multiprocessors: int = Field(default=0, ge=0)
    copy_engines: int = 0
    decoders: int = 0
    encoders: int = 0
    jpeg_engines: int = 0
    flow_engines: int = 0
    memory: Memory = Memory()
    clocks: Clocks
    power: Power
    temperature: Temperature = Temperature()
    nvlink: NvLink = NvLink()
    inforom: Inforom = Inforom()
    vbios: str
    board_part_number: str = ""
    gpu_part_number: str = ""
    # 1 on, 0 off, -1: no ECC.
    ecc: int = Field(default=-1, ge=-1, le=1)
    remapped_rows: bool = False
    fans: int = Field(default=0, ge=0, le=8)
    # nvmlDeviceAddressingModeType_t: 0 none, 1 HMM, 2 ATS; -1: not supported.
    addressing_mode: int = Field(default=-1, ge=-1, le=2)
    # Whether an NVLink domain can be told of (nvmlDeviceGetGpuFabricInfo).
    fabric: bool = False
    confidential: bool = False
    power_source: int = -1
    mig: Mig | None = None
    # Answers of functions that nothing else describes: function, then the device's answer.
    answers: dict[str, Any] = Field(default_factory=dict)
