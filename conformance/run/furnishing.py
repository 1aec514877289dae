"""What a profile demands of the API server of the bench: device classes, and the driver's rights."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from drawplate.conformance.drivers.applied import AppliedObjects
from drawplate.conformance.drivers.binaries import ensure_binaries
from drawplate.conformance.drivers.identity import access_objects
from drawplate.conformance.drivers.place import Place, StandardFolders
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.run.ground import Ground
from drawplate.fixtures.kubeapi import KubeApi
from drawplate.fixtures.progress import silent


@contextmanager
def furnished(profile: Profile, ground: Ground) -> Iterator[None]:
    """Put classes and rights on the API server of the bench once, and remove what was made.

    Raises SetupProblem when the server refuses one.
    """
    if ground.bench is None:
        yield
        return
    api = KubeApi(ground.bench.kubeconfig)
    applied = AppliedObjects(api)
    try:
        applied.apply(_class(entry.name, entry.spec) for entry in profile.classes)
        # Only rights are taken of the objects, so their folders are those of any node.
        place = Place.on(
            StandardFolders(),
            kubeconfig=ground.bench.kubeconfig,
            node_name="",
            binaries=ensure_binaries(profile, silent()),
        )
        applied.apply(access_objects(profile, place.values(profile.driver.name)))
        yield
    finally:
        applied.remove()
        api.close()


def _class(name: str, spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceClass",
        "metadata": {"name": name},
        "spec": spec,
    }
