"""What KFD, DRM and the partition files tell of one model of AMD GPU."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from drawplate.emulators.located import Part, require

MemoryMode = Literal["NPS1", "NPS2", "NPS3", "NPS4", "NPS6", "NPS8"]
ComputeMode = Literal["SPX", "DPX", "TPX", "QPX", "CPX"]

_Positive = Annotated[int, Field(gt=0)]


class Compute(Part):
    """One way to split the GPU: into how many devices, and with which memory modes it goes."""

    partitions: int = Field(ge=1, le=8)
    memory: tuple[MemoryMode, ...] = Field(min_length=1)


class Memory(Part):
    """One way to split the memory, and the compute mode that the driver then begins with."""

    partitions: int = Field(ge=1, le=8)
    compute: ComputeMode


class Cache(Part):
    """Caches of one kind, of which KFD shows one for each die, or one for all if it is shared."""

    level: int = Field(ge=1, le=3)
    # Bits as in the CRAT table: 1 data, 2 instructions, 4 CPU, 8 SIMD.
    type: int = Field(ge=0, le=15)
    size_kib: _Positive
    shared: bool = False


class Power(Part):
    """Watts: at rest, the limit at the start, and the bounds that the limit may be set to."""

    idle: _Positive
    limit: _Positive
    most: _Positive
    least: int = Field(default=0, ge=0)


class Amd(Part):
    """The section `amd` of a profile; sizes are of the whole GPU."""

    # Of the instruction set, decimal: gfx942 is 90402.
    gfx_target_version: _Positive
    # Dies with compute units, and the compute units on each.
    dies: int = Field(default=1, ge=1, le=8)
    units_per_die: _Positive
    shader_engines_per_die: int = Field(default=4, ge=1)
    # Width of one array in KFD, with the units that are fused off.
    units_per_array: _Positive
    waves_per_simd: _Positive = 8
    lds_kib: _Positive = 64
    wavefront: Literal[32, 64] = 64
    sdma_engines: int = Field(default=2, ge=1)
    compute_queues: _Positive = 24
    engine_clock_mhz: _Positive
    memory_clock_mhz: _Positive
    memory_width_bits: _Positive
    memory_vendor: str = "hynix"
    capability: int = 746037888
    debug: int = 1511
    # Versions by what runs them; `mec` (compute) and `sdma` must be there.
    firmware: dict[str, int]
    vbios: str
    product_number: str = ""
    power: Power
    caches: tuple[Cache, ...] = ()
    # Whether the GPUs of a node are linked to each other (XGMI).
    hive: bool = False
    # None: the model cannot be partitioned, and has no files for it.
    compute: dict[ComputeMode, Compute] = Field(default_factory=dict)
    memory: dict[MemoryMode, Memory] = Field(default_factory=dict)
    # The number of the first card: servers with these GPUs have a display controller of their own.
    first_card: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _firmware_of_kfd_is_there(self) -> "Amd":
        require(
            {"mec", "sdma"} <= set(self.firmware),
            "firmware lacks mec or sdma",
            "give the versions of both",
            key="firmware",
        )
        return self

    @model_validator(mode="after")
    def _modes_go_together(self) -> "Amd":
        require(
            bool(self.compute) == bool(self.memory),
            "a GPU has both compute and memory modes, or neither",
            "give both, or leave both out",
            key="compute",
        )
        for name, one in self.compute.items():
            strangers = set(one.memory) - set(self.memory)
            require(
                not strangers,
                f"{name} goes with {', '.join(sorted(strangers))}, which is no memory mode here",
                f"write some of {', '.join(self.memory)}",
                key="compute",
            )
            require(
                self.dies % one.partitions == 0,
                f"{self.dies} dies cannot be split into {one.partitions}",
                "give a number that divides the number of dies",
                key="compute",
            )
        for setting, mode in self.memory.items():
            require(
                mode.compute in self.compute and setting in self.compute[mode.compute].memory,
                f"{setting} begins with {mode.compute}, which does not go with it",
                "write a compute mode that has it among its memory modes",
                key="memory",
            )
        return self

    @property
    def slots(self) -> int:
        """How many DRM devices the driver makes for one GPU, used or not."""
        return max((one.partitions for one in self.compute.values()), default=1)
