"""The table agrees with nvidia-ml-py, and the library with the table."""

import ctypes
import re
import subprocess
from pathlib import Path

import pynvml
import pytest

from drawplate.emulators.nvml.build import library
from drawplate.emulators.nvml.layout import api_structs, data
from drawplate.emulators.nvml.table import exported, functions

# Structures that nvidia-ml-py declares otherwise than the C header, or for itself.
OTHERWISE = {
    # Members of licences that came later.
    "nvmlGridLicensableFeature_t",
    "nvmlGridLicensableFeatures_t",
    # Room for the opaque data that follows.
    "nvmlVgpuMetadata_t",
    "nvmlVgpuPgpuMetadata_t",
}
# It counts a member more than the structure has.
OTHER_WORDS = {"nvmlC2cModeInfo_v1"}


def test_every_function_that_nvidia_ml_py_binds_is_in_the_table() -> None:
    source = Path(pynvml.__file__).read_text(encoding="utf-8")
    bound = set(re.findall(r'_nvmlGetFunctionPointer\("(nvml\w+)"', source))

    assert len(bound) > 400
    assert bound <= set(functions())


def test_structures_have_the_sizes_that_nvidia_ml_py_declares() -> None:
    declared = {
        name.removeprefix("c_").removeprefix("struct_c_"): kind
        for name, kind in vars(pynvml).items()
        if isinstance(kind, type) and issubclass(kind, ctypes.Structure | ctypes.Union)
    }
    layouts = api_structs()
    compared = {name for name in declared if name in layouts and name not in OTHERWISE}
    different = {
        name: (layouts[name].size, ctypes.sizeof(declared[name]))
        for name in compared
        if layouts[name].size != ctypes.sizeof(declared[name])
    }

    assert len(compared) > 90
    assert different == {}


def test_version_words_are_those_of_nvidia_ml_py() -> None:
    words = {
        name: (api_structs()[kind].size | number << 24)
        for name, (kind, number) in data("versions.yaml").items()
    }
    known = {
        name: word
        for name, word in words.items()
        if isinstance(getattr(pynvml, name, None), int) and name not in OTHER_WORDS
    }

    assert len(known) > 40
    assert {name: getattr(pynvml, name) for name in known} == known


@pytest.mark.parametrize("version", ["470.256.02", "535.183.01", "580.95.05", "615.10.01"])
def test_the_library_exports_the_functions_of_its_driver_branch(version: str) -> None:
    listed = subprocess.run(
        ["nm", "-D", "--defined-only", str(library(version))],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert {line.split()[-1] for line in listed.splitlines()} == {
        one.name for one in exported(version)
    }


def test_newer_drivers_have_newer_functions() -> None:
    old, new = ({one.name for one in exported(it)} for it in ("470.256.02", "580.95.05"))

    assert "nvmlDeviceGetGpuFabricInfo" in new - old
    assert "nvmlGetBlacklistDeviceCount" in old - new


def test_the_library_needs_no_other_and_undefines_nothing() -> None:
    path = str(library("580.95.05"))
    dynamic = subprocess.run(["readelf", "-dW", path], capture_output=True, text=True, check=True)
    undefined = subprocess.run(
        ["nm", "-D", "--undefined-only", path], capture_output=True, text=True, check=True
    )

    assert "NEEDED" not in dynamic.stdout
    assert "TEXTREL" not in dynamic.stdout
    assert "libnvidia-ml.so.1" in dynamic.stdout
    assert undefined.stdout == ""
