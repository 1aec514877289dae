"""How to reach the API server: from a kubeconfig file, or from the pod's service account."""

import base64
import binascii
import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from drawplate.driver.api import Api
from drawplate.emulators.problems import SetupProblem

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Ways to log in that would need programs or libraries which a node driver has no use for.
_UNSUPPORTED = ("exec", "auth-provider", "username", "proxy-url")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the API server is, how it is known, and as whom to speak to it; PEM texts."""

    server: str
    authorities: str | None = None
    insecure: bool = False
    server_name: str | None = None
    certificate: str | None = None
    key: str | None = None
    token: str | None = None
    token_file: Path | None = None

    def current_token(self) -> str | None:
        """Give the bearer token of this moment: files are re-read, as the kubelet rotates them."""
        if self.token_file is None:
            return self.token
        return self.token_file.read_text(encoding="ascii").strip()


def load(path: Path | None) -> Credentials:
    """Read the kubeconfig at `path`, or the service account when there is none.

    Raises SetupProblem when something is missing or cannot be used.
    """
    return _from_pod() if path is None else _from_file(path)


def connector(credentials: Credentials) -> Callable[[], Api]:
    """Give a function that gives the API server; the first call makes it. Raises SetupProblem."""

    @functools.cache
    def connect() -> Api:
        # Imported late: registration must not wait for it.
        from drawplate.driver.kube import KubeApi  # noqa: PLC0415

        return KubeApi(credentials)

    return connect


def _from_pod() -> Credentials:
    host = os.environ.get("KUBERNETES_SERVICE_HOST")
    port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    token = SERVICE_ACCOUNT / "token"
    if not host or not token.exists():
        raise SetupProblem("no --kubeconfig was given, and this is not a pod", cure="give one")
    address = f"[{host}]" if ":" in host else host
    return Credentials(
        server=f"https://{address}:{port}",
        authorities=_text(SERVICE_ACCOUNT / "ca.crt", SERVICE_ACCOUNT),
        token_file=token,
    )


def _from_file(path: Path) -> Credentials:
    try:
        # The loader is one of the safe ones.
        document = yaml.load(_text(path, path), _Loader)  # noqa: S506
        context = _named(document, "context", document["current-context"])
        cluster = _named(document, "cluster", context["cluster"])
        user = _named(document, "user", context["user"]) if context.get("user") else {}
        server = cluster["server"].rstrip("/")
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise SetupProblem(
            f"the kubeconfig is not complete: {error!r}",
            where=str(path),
            cure="give a kubeconfig whose current-context names a cluster and a user",
        ) from None
    for key in _UNSUPPORTED:
        if user.get(key) or cluster.get(key):
            raise SetupProblem(
                f"the kubeconfig uses {key!r}, which this driver does not know",
                where=str(path),
                cure="use a client certificate, a token or a tokenFile",
            )
    return Credentials(
        server=server,
        authorities=_pem(cluster, "certificate-authority", path),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        server_name=cluster.get("tls-server-name"),
        certificate=_pem(user, "client-certificate", path),
        key=_pem(user, "client-key", path),
        token=user.get("token"),
        token_file=path.parent / user["tokenFile"] if user.get("tokenFile") else None,
    )


def _named(document: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any]:
    for entry in document[f"{kind}s"]:
        if entry["name"] == name:
            found: Mapping[str, Any] = entry[kind]
            return found
    raise KeyError(f"{kind} {name}")


def _pem(entry: Mapping[str, Any], key: str, path: Path) -> str | None:
    data = entry.get(f"{key}-data")
    if data:
        try:
            return base64.b64decode(data, validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            raise SetupProblem(
                f"{key}-data is not base64 of PEM", where=str(path), cure="encode the PEM text"
            ) from None
    return _text(path.parent / entry[key], path) if entry.get(key) else None


def _text(path: Path, where: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupProblem(
            f"cannot read {path.name}: {getattr(error, 'strerror', None) or error}",
            where=str(where),
            cure=f"make {path} a readable file, or name another",
        ) from None
