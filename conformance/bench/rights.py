"""What the driver's own identity may do on the API server."""

from pathlib import Path
from typing import Any

from drawplate.conformance.problems import Inconclusive
from drawplate.fixtures.kubeapi import ApiError, KubeApi

RESOURCE_GROUP = "resource.k8s.io"
FORBIDDEN = 403
INVALID = 422


class Rights:
    """Asks the API server with the driver's credentials."""

    def __init__(self, api: KubeApi, driver: str) -> None:
        """Ask through `api`, which speaks with the identity of the driver."""
        self._api = api
        self._driver = driver

    def may(self, verb: str, resource: str) -> bool:
        """Say whether the identity may do `verb` on all objects of `resource[/subresource]`."""
        name, _, subresource = resource.partition("/")
        attributes = {
            "group": RESOURCE_GROUP,
            "resource": name,
            "subresource": subresource,
            "verb": verb,
        }
        answer = self._api.create(
            {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": attributes},
            }
        )
        return bool(answer["status"]["allowed"])

    def try_slice_of(self, node: str) -> bool:
        """Try to create a slice of another node; say whether the API server refused it.

        Raises Inconclusive when it was refused for another reason than the lack of the right.
        """
        try:
            created = self._api.create(self._slice(node))
        except ApiError as error:
            if error.code in {FORBIDDEN, INVALID}:
                return True
            raise Inconclusive(f"the attempt failed in another way: {error}") from error
        self._api.delete("ResourceSlice", created["metadata"]["name"])
        return False

    def _slice(self, node: str) -> dict[str, Any]:
        return {
            "apiVersion": f"{RESOURCE_GROUP}/v1",
            "kind": "ResourceSlice",
            "metadata": {"generateName": "drawplate-attempt-"},
            "spec": {
                "driver": self._driver,
                "nodeName": node,
                "pool": {"name": node, "generation": 1, "resourceSliceCount": 1},
            },
        }


def shielded(path: Path, top: Path) -> bool:
    """Say whether a folder between `path` and `top` keeps other users out."""
    folders = [folder for folder in path.parents if folder.is_relative_to(top) and folder != top]
    return any(not folder.stat().st_mode & 0o001 for folder in folders)
