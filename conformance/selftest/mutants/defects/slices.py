"""Defects of the ResourceSlices."""

import itertools
import os
import threading
from typing import Any

from drawplate.conformance.selftest.mutants.defects.making import after, defect, nothing, put
from drawplate.driver import pool, slices
from drawplate.driver.daemon import Driver
from drawplate.driver.device import Device

Devices = list[dict[str, Any]]


def _devices(driver: Driver, change: Any) -> None:
    after(driver.publisher, "_devices", change)


@defect("slice-misses-device")
def _slice_misses_device(driver: Driver) -> None:
    _devices(driver, lambda devices: devices[1:])


@defect("pool-collides")
def _pool_collides(driver: Driver) -> None:
    name = "gpus"
    put(driver.core, "_pool", name)

    def rename(spec: Any, *_: object) -> Any:
        return spec | {"pool": spec["pool"] | {"name": name}}

    def owns(self: pool.Pool, found: Any) -> bool:
        return bool(found["spec"].get("nodeName") == self.node)

    after(pool, "_spec", rename)
    put(pool.Pool, "owns", owns)


@defect("slice-count-wrong")
def _slice_count_wrong(driver: Driver) -> None:
    def count(spec: Any, *_: object) -> Any:
        wrong = spec["pool"]["resourceSliceCount"] + 1
        return spec | {"pool": spec["pool"] | {"resourceSliceCount": wrong}}

    after(pool, "_spec", count)


@defect("device-twice")
def _device_twice(driver: Driver) -> None:
    after(pool, "split", lambda parts, *_: [*parts, parts[0][:1]])


@defect("foreign-domain")
def _foreign_domain(driver: Driver) -> None:
    def claim(devices: Devices) -> Devices:
        for device in devices:
            device["attributes"]["other.example.com/model"] = {"string": "theirs"}
        return devices

    _devices(driver, claim)


@defect("attribute-type-varies")
def _attribute_type_varies(driver: Driver) -> None:
    def vary(devices: Devices) -> Devices:
        devices[0]["attributes"]["architecture"] = {"int": 9}
        return devices

    _devices(driver, vary)


@defect("slice-lost")
def _slice_lost(driver: Driver) -> None:
    put(driver.publisher, "watch", nothing)


@defect("slice-edit-kept")
def _slice_edit_kept(driver: Driver) -> None:
    # Not its being told of edits may fail: it compares for other reasons as well.
    written: dict[str, Any] = {}

    def note(result: tuple[str, str], _kind: str, _stored: object, spec: Any) -> tuple[str, str]:
        written[result[0]] = spec
        return result

    def keep(right: bool, found: Any, spec: Any, _owner: object) -> bool:  # noqa: FBT001
        return right or written.get(found["metadata"]["name"]) == spec

    after(driver.publisher, "_stored", note)
    after(driver.publisher, "is_right", keep)


@defect("slice-ownerless")
def _slice_ownerless(driver: Driver) -> None:
    put(driver.publisher, "_owner", nothing)


@defect("slice-flaps")
def _slice_flaps(driver: Driver) -> None:
    put(driver.publisher, "is_right", lambda *_: False)
    numbers = itertools.count()

    def stamp(body: Any, *_: object) -> Any:
        # An update that changes nothing is none to the API server.
        stamped = {"drawplate.dev/written": str(next(numbers))}
        return body | {"metadata": body["metadata"] | {"annotations": stamped}}

    after(slices, "_body", stamp)

    def beat() -> None:
        while not driver.stopping.wait(1.0):
            driver.publisher.wake()

    threading.Thread(target=beat, daemon=True).start()


@defect("attributes-shift")
def _attributes_shift(driver: Driver) -> None:
    def shift(devices: Devices) -> Devices:
        for device in devices:
            device["attributes"]["process"] = {"int": os.getpid()}
        return devices

    _devices(driver, shift)


@defect("plug-unnoticed")
def _plug_unnoticed(driver: Driver) -> None:
    devices = driver.hardware.devices
    fewest = list(devices())

    def shrink() -> tuple[Device, ...]:
        current = devices()
        fewest[:] = [one for one in fewest if one in current]
        return tuple(fewest)

    put(driver.hardware, "devices", shrink)


@defect("ghost-device")
def _ghost_device(driver: Driver) -> None:
    seen = driver.hardware.devices()
    put(driver.hardware, "devices", lambda: seen)
