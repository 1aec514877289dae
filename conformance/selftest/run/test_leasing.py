"""A failure beside others counts only when the driver was the same all the time."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from drawplate.conformance.alone import Alone
from drawplate.conformance.cluster.lease import Lease
from drawplate.conformance.problems import SuiteError
from drawplate.conformance.run.keys import LEASE
from drawplate.conformance.run.leasing import disturbance


def doubt(lease: Lease | None) -> str:
    stash: Any = pytest.Stash()
    if lease:
        stash[LEASE] = lease
    return disturbance(cast("pytest.Item", SimpleNamespace(stash=stash)))


def shared(*, crowded: bool, same: bool) -> Lease:
    return Lease(Alone("devices", 1), crowded=lambda: crowded, same_instance=lambda: same)


def test_driver_that_ended_in_company_leaves_a_doubt() -> None:
    assert "-n 1 tells" in doubt(shared(crowded=True, same=False))


@pytest.mark.parametrize(
    "lease",
    [
        None,
        shared(crowded=True, same=True),
        shared(crowded=False, same=False),
        Lease(Alone("driver"), crowded=lambda: True, same_instance=lambda: False),
    ],
    ids=["no cluster", "same driver", "no company", "driver alone"],
)
def test_everything_else_is_the_tests_own(lease: Lease | None) -> None:
    assert doubt(lease) == ""


def test_what_cannot_be_told_is_a_doubt() -> None:
    def gone() -> bool:
        raise SuiteError("the run is gone")

    assert "the run is gone" in doubt(Lease(Alone("devices", 1), crowded=gone))
