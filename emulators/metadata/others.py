"""The metadata servers of AWS, Azure and Oracle, as far as drivers ask them for a node's place."""

from typing import Any

from drawplate.emulators.metadata.exchange import (
    Answer,
    Declined,
    Request,
    as_json,
    descend,
    plain,
)

# EC2 hands out tokens for at most six hours. Seconds.
_LONGEST_TOKEN = 21600
_TOKEN = "ZHJhd3BsYXRl"  # noqa: S105


def answer_aws(request: Request, tree: Any) -> Answer:
    """Answer as EC2's instance metadata service, version 2: a token first, then paths.

    Raises Declined, as the others do.
    """
    if request.names[1:] == ("api", "token"):
        return _token(request)
    if request.headers.get("x-aws-ec2-metadata-token") != _TOKEN:
        raise Declined(401)
    value = descend(tree, request.names)
    if isinstance(value, dict):
        rows = (f"{key}/" if isinstance(below, dict) else key for key, below in value.items())
        return plain("\n".join(rows))
    return plain(str(value).rstrip("\n"))


def answer_azure(request: Request, tree: Any) -> Answer:
    """Answer as Azure's instance metadata service: a header and a version are demanded."""
    if request.headers.get("metadata") != "true" or "x-forwarded-for" in request.headers:
        raise Declined(400, '{"error":"Bad request. Required metadata header not specified"}')
    if request.names[:2] != ("metadata", "instance"):
        raise Declined(404, '{"error":"Not found"}')
    if "api-version" not in request.query:
        raise Declined(400, '{"error":"Bad request. api-version was not specified"}')
    value = descend(tree, request.names[2:])
    if request.query.get("format") != "text":
        return as_json(value)
    if isinstance(value, dict | list):
        keys = value if isinstance(value, dict) else range(len(value))
        return plain("\n".join(f"{key}/" for key in keys))
    return plain(str(value))


def answer_oci(request: Request, tree: Any) -> Answer:
    """Answer as Oracle's instance metadata service, version 2: the header is no secret."""
    if request.headers.get("authorization") != "Bearer Oracle":
        raise Declined(403)
    if request.names[:2] != ("opc", "v2"):
        raise Declined(404)
    value = descend(tree, request.names[2:])
    return as_json(value) if isinstance(value, dict | list) else plain(str(value))


def _token(request: Request) -> Answer:
    seconds = request.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
    if request.method != "PUT":
        raise Declined(405)
    if not seconds.isdecimal() or not 0 < int(seconds) <= _LONGEST_TOKEN:
        raise Declined(400)
    return plain(_TOKEN)
