"""The object that owns ResourceSlices: when it goes, Kubernetes' garbage collector removes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Owner:
    """A cluster-scoped object of the core API: slices are cluster-scoped, so others cannot own them.

    `controller` says that what runs on this object manages the slices, as kubelet plugins say of
    their Node.
    """

    kind: str
    name: str
    controller: bool

    @classmethod
    def node(cls, name: str) -> "Owner":
        """Give the Node whose devices the slices show."""
        return cls("Node", name, controller=True)

    @classmethod
    def namespace(cls, name: str) -> "Owner":
        """Give the Namespace that the driver runs in.

        It is not their controller: nothing of it manages them, and the garbage collector does not
        ask. An object has one controller at most, and this place stays free.
        """
        return cls("Namespace", name, controller=False)

    @property
    def path(self) -> str:
        """Where the API server has it."""
        return f"/api/v1/{self.kind.lower()}s/{self.name}"

    def reference(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give the reference to the object as the API server has it: names are used again."""
        reference = {
            "apiVersion": "v1",
            "kind": self.kind,
            "name": self.name,
            "uid": found["metadata"]["uid"],
        }
        return {**reference, "controller": True} if self.controller else reference
