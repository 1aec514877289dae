"""Intel: what i915 shows, what is left without a driver, and firmware that is broken."""

from pathlib import Path

import pytest

from drawplate.emulators.devices.plan import plan
from drawplate.emulators.nic import virtual_functions
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.tests.vendors.showing import Show, names, resolve

XE_MACHINE = """\
machine: two-b60
pci: [{root: "pci0000:00"}]
devices: [{kind: intel-gpu, profile: arc-b60-24gb, count: 2, at: ["0000:03:00.0", "0000:04:00.0"]}]
driver: {xe: "6.17", level-zero: "1.24"}
"""

GPU = "/bus/pci/devices/0000:18:00.0"


def test_cards_hang_below_their_function(show: Show) -> None:
    shown = show("intel-max")
    tree = shown.sys()

    assert names(tree, f"{GPU}/drm") == ["card0", "renderD128"]
    assert resolve(tree, "/class/drm/card0/device") == resolve(tree, GPU)
    assert resolve(tree, "/dev/char/226:0") == resolve(tree, "/class/drm/card0")
    assert "DEVNAME=dri/card0\n" in shown.read(tree, "/class/drm/card0/uevent")
    # Intel's driver finds the name of the driver by this link alone.
    assert resolve(tree, f"{GPU}/driver").endswith("/i915")


def test_every_tile_has_its_frequencies(show: Show) -> None:
    shown = show("intel-max")
    tree = shown.sys()
    card = "/class/drm/card0"

    assert names(tree, f"{card}/gt") == ["gt0", "gt1"]
    assert shown.read(tree, f"{card}/lmem_total_bytes") == f"{131072 << 20}\n"
    assert shown.read(tree, f"{card}/gt/gt1/rps_RP0_freq_mhz") == "1600\n"
    shown.write(tree, f"{card}/gt/gt0/rps_max_freq_mhz", "1200\n")
    assert shown.read(tree, f"{card}/gt/gt1/rps_max_freq_mhz") == "1200\n"
    for text in ("1601", "399", "fast"):
        with pytest.raises(Refused) as refused:
            shown.write(tree, f"{card}/gt/gt0/rps_max_freq_mhz", text)
        assert refused.value.reason is Reason.INVALID


def test_the_management_engine_is_found_below_the_gpu(show: Show) -> None:
    shown = show("intel-max")
    tree = shown.sys()

    place = resolve(tree, "/class/mei/mei0")

    assert place.startswith(f"{resolve(tree, GPU)}/i915.mei-gscfi.")
    assert names(tree, "/class/mei") == ["mei0", "mei1", "mei2", "mei3"]


def test_another_driver_takes_the_cards_away(show: Show) -> None:
    shown = show("intel-max")
    with shown.state.change() as change:
        change.update("gpu0", {"pci.driver": "vfio-pci", "iommu.group": 5})
    tree = shown.sys()

    assert "drm" not in names(tree, GPU)
    assert "card0" not in names(tree, "/class/drm")
    assert "card1" in names(tree, "/class/drm")
    assert resolve(tree, f"{GPU}/driver").endswith("/vfio-pci")


def test_broken_firmware_leaves_only_what_flashing_needs(show: Show) -> None:
    shown = show("intel-max")
    with shown.state.change() as change:
        change.update("gpu0", {"survivability": True})
    tree = shown.sys()

    assert "survivability_mode" in names(tree, GPU)
    assert "drm" not in names(tree, GPU)
    assert resolve(tree, "/class/mei/mei0").startswith(resolve(tree, GPU))


def test_sensors_follow_the_state(show: Show) -> None:
    shown = show("intel-max")
    tree = shown.sys()
    hwmon = f"{GPU}/hwmon/{names(tree, f'{GPU}/hwmon')[0]}"
    with shown.state.change() as change:
        change.set("gpu0", "energy.total", 5000.0)

    assert shown.read(tree, f"{hwmon}/name") == "i915\n"
    assert shown.read(tree, f"{hwmon}/energy1_input") == "5000000\n"
    assert shown.read(tree, f"{hwmon}/power1_rated_max") == "600000000\n"
    shown.write(tree, f"{hwmon}/power1_max", "700000000")
    assert shown.read(tree, f"{hwmon}/power1_max") == "600000000\n"


def test_xe_has_its_own_files(show: Show, tmp_path: Path) -> None:
    path = tmp_path / "two-b60.yaml"
    path.write_text(XE_MACHINE)
    shown = show(str(path))
    tree = shown.sys()
    gpu = "/bus/pci/devices/0000:04:00.0"

    assert names(tree, f"{gpu}/drm") == ["card1", "renderD129"]
    assert names(tree, f"{gpu}/tile0") == ["gt0", "gt1", "physical_vram_size_bytes"]
    assert int(shown.read(tree, f"{gpu}/tile0/physical_vram_size_bytes"), 16) == 24480 << 20
    shown.write(tree, f"{gpu}/tile0/gt0/freq0/max_freq", "2000")
    assert shown.read(tree, f"{gpu}/tile0/gt0/freq0/max_freq") == "2000\n"
    assert shown.read(tree, f"{gpu}/tile0/gt1/freq0/rp0_freq") == "2400\n"
    assert "card1" in names(tree, "/class/drm")
    hwmon = f"{gpu}/hwmon/{names(tree, f'{gpu}/hwmon')[0]}"
    assert shown.read(tree, f"{hwmon}/temp3_label") == "vram\n"
    assert resolve(tree, "/class/mei/mei1").startswith(f"{resolve(tree, gpu)}/xe.mei-gscfi.")
    # The kernel's own module has no version of its own.
    assert "version" not in names(tree, "/module/xe")


def test_reasons_for_throttling_are_told(show: Show) -> None:
    shown = show("intel-max")
    tree = shown.sys()
    with shown.state.change() as change:
        change.set("gpu0", "throttle.reasons", ["pl1"])
    folder = "/class/drm/card0/gt/gt0"

    assert shown.read(tree, f"{folder}/throttle_reason_status") == "1\n"
    assert shown.read(tree, f"{folder}/throttle_reason_pl1") == "1\n"
    assert shown.read(tree, f"{folder}/throttle_reason_thermal") == "0\n"


def test_virtual_functions_have_cards_but_no_sensors(show: Show) -> None:
    shown = show("intel-flex")
    shown.state.rules.append(virtual_functions.follow)
    gpu = "/bus/pci/devices/0000:4d:00.0"
    shown.write(shown.sys(), f"{gpu}/sriov_numvfs", "2\n")
    tree = shown.sys()
    function = f"{gpu}/virtfn1"

    assert resolve(tree, f"{function}/physfn") == resolve(tree, gpu)
    assert names(tree, f"{function}/drm") == ["card3", "renderD131"]
    assert names(tree, f"{gpu}/drm") == ["card0", "renderD128"]
    assert "hwmon" not in names(tree, function)
    assert names(tree, "/class/mei") == ["mei0", "mei1"]
    assert {"dri/card2", "dri/card3", "mei1"} <= set(plan(shown.state).nodes)
    shown.write(tree, f"{gpu}/sriov_numvfs", "0")
    assert "dri/card2" not in plan(shown.state).nodes
