"""What a container of a pod wrote, by the API server."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from drawplate.fixtures.kubeapi import ApiError, KubeApi


def read_log(
    api: KubeApi,
    pod: Mapping[str, Any],
    container: str,
    *,
    since: datetime | None = None,
    previous: bool = False,
) -> str:
    """Give the log of a container's latest instance, or of the one before it.

    Gives "" when there is none, or none yet.
    """
    meta = pod["metadata"]
    query: dict[str, Any] = {"container": container}
    if since:
        query["sinceTime"] = since.strftime("%Y-%m-%dT%H:%M:%SZ")
    if previous:
        query["previous"] = "true"
    path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/log"
    try:
        answer = api.request("GET", path, query=query)
    except ApiError:
        return ""
    # A log that is one JSON document comes as that document.
    return str(answer["message"]) if set(answer) == {"message"} else json.dumps(answer)
