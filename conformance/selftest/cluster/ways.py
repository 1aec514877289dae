"""The reference driver in each way in which a profile can deploy a driver."""

from drawplate.conformance.profile.load import load
from drawplate.conformance.profile.model import Profile


def profile_of(way: str) -> Profile:
    """Give the reference driver's profile with one way to deploy it."""
    profile = load("reference")
    other = {"process": "manifests", "manifests": "process"}[way]
    deploy = profile.deploy.model_copy(update={other: None})
    return profile.model_copy(update={"deploy": deploy})
