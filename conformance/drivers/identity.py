"""The driver's own rights: its service account, and a kubeconfig that carries nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from drawplate.conformance.drivers.applied import AppliedObjects
from drawplate.conformance.profile.deployment import ServiceAccount
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.profile.objects import ACCESS_KINDS, Object, read_objects
from drawplate.emulators.problems import SetupProblem
from drawplate.fixtures.kubeapi import ApiError, KubeApi

# Longer than any run; an API server may give less.
TOKEN_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Credentials:
    """With which rights a driver runs; `account` is "" for an administrator's."""

    kubeconfig: Path
    account: str = ""


def access_objects(profile: Profile, values: Mapping[str, str]) -> list[Object]:
    """Give the objects that grant and limit the driver's rights; none without an identity.

    `values` are those of the placeholders. Raises SetupProblem when they cannot be read.
    """
    process = profile.deploy.process
    if process is None or process.identity is None:
        return []
    objects = read_objects(process.identity, profile.folder, values)
    return [entry for entry in objects if entry["kind"] in ACCESS_KINDS]


def grant_access(profile: Profile, api: KubeApi, values: Mapping[str, str]) -> AppliedObjects:
    """Put the driver's rights on an API server, once for all its instances.

    The server heeds a new admission policy about a second later (kubernetes v1.37
    apiserver/pkg/admission/plugin/policy/generic: policyRefreshInterval). Raises SetupProblem.
    """
    applied = AppliedObjects(api)
    applied.apply(access_objects(profile, values))
    return applied


def issue_credentials(
    profile: Profile, api: KubeApi, node_name: str, target: Path, *, server: str = ""
) -> Credentials:
    """Write a kubeconfig for the driver on one node to `target`, mode 0600.

    The token is bound to the Node, as that of a pod there would be, so that policies which compare
    node names hold. Without an identity in the profile these are an administrator's rights.
    `server` replaces the address of the API server. Raises SetupProblem when the account or the
    Node is not there.
    """
    process = profile.deploy.process
    account = process.identity.service_account if process and process.identity else None
    config = yaml.safe_load(api.kubeconfig.read_text(encoding="utf-8"))
    if account:
        token = _token(api, account, node_name)
        config = _with_token(config, api.kubeconfig.parent, token)
    if server:
        for entry in config["clusters"]:
            entry["cluster"]["server"] = server
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)
    target.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    name = f"system:serviceaccount:{account.namespace}:{account.name}" if account else ""
    return Credentials(target, name)


def with_token(kubeconfig: Path, token: str) -> str:
    """Give a kubeconfig for the same cluster with the rights of a token, as text."""
    config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    return yaml.safe_dump(_with_token(config, kubeconfig.parent, token), sort_keys=False)


def _token(api: KubeApi, account: ServiceAccount, node_name: str) -> str:
    try:
        node = api.get("Node", node_name)
        answer = api.post(
            "ServiceAccount",
            account.name,
            "token",
            {
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenRequest",
                "spec": {
                    "expirationSeconds": TOKEN_SECONDS,
                    "boundObjectRef": {
                        "apiVersion": "v1",
                        "kind": "Node",
                        "name": node_name,
                        "uid": node["metadata"]["uid"],
                    },
                },
            },
            account.namespace,
        )
    except ApiError as error:
        raise SetupProblem(
            f"no token for the driver's account {account.namespace}/{account.name}: {error}",
            where="deploy.process.identity",
            cure="see that the objects of the identity have this ServiceAccount",
        ) from error
    return str(answer["status"]["token"])


def _with_token(config: dict[str, Any], folder: Path, token: str) -> dict[str, Any]:
    context = next(c for c in config["contexts"] if c["name"] == config["current-context"])
    cluster = next(c for c in config["clusters"] if c["name"] == context["context"]["cluster"])
    authority = cluster["cluster"].get("certificate-authority")
    if authority:
        cluster["cluster"]["certificate-authority"] = str(folder / authority)
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [cluster],
        "users": [{"name": "driver", "user": {"token": token}}],
        "contexts": [{"name": "driver", "context": {"cluster": cluster["name"], "user": "driver"}}],
        "current-context": "driver",
    }
