"""Minor numbers of the devices that guard MIG instances."""

import pytest

from drawplate.emulators.mig.minors import mig_minors, minor


def test_the_first_minors_are_those_that_the_driver_documents() -> None:
    entries = dict(mig_minors(gpus=2))

    assert list(entries.items())[:4] == [
        ("config", 1),
        ("monitor", 2),
        ("gpu0/gi0/access", 3),
        ("gpu0/gi0/ci0/access", 4),
    ]
    assert entries["gpu1/gi0/access"] == 3 + 135


def test_no_two_instances_share_a_minor() -> None:
    entries = list(mig_minors())

    assert len({number for _, number in entries}) == len(entries)
    assert [number for _, number in entries] == list(range(1, 1 + len(entries)))


@pytest.mark.parametrize("place", [(-1, 0, None), (0, 15, None), (0, -1, None), (0, 0, 8)])
def test_what_cannot_be_has_no_minor(place: tuple[int, int, int | None]) -> None:
    with pytest.raises(ValueError, match="instance"):
        minor(*place)
