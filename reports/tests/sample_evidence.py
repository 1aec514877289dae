"""Invented evidence files: calls, CDI files, slices and logs, as a run leaves them."""

import json
from pathlib import Path
from typing import Any

from faker import Faker

_CALLS = 24


def write_evidence(folder: Path, place: str, faker: Faker) -> tuple[str, ...]:
    """Write evidence below `evidence/<place>`; gives the paths as a report names them."""
    uid = faker.uuid4()
    texts = {
        "calls.jsonl": "".join(json.dumps(call) + "\n" for call in _calls(uid, faker)),
        "cdi/claim.json": json.dumps(_cdi(uid)),
        "slices.json": json.dumps(_slices()),
        "driver.log": "".join(_log(uid, faker)),
    }
    for name, text in texts.items():
        path = folder / "evidence" / place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tuple(f"evidence/{place}/{name}" for name in texts)


def _calls(uid: str, faker: Faker) -> list[dict[str, Any]]:
    claim = {"namespace": f"drawplate-{faker.hexify('^^^^')}", "name": "claim", "uid": uid}
    device = {
        "requestNames": ["gpus"],
        "poolName": "worker-0",
        "deviceName": "gpu-0",
        "cdiDeviceIds": [f"example.com/gpu=claim-{uid[:4]}-gpu-0"],
    }
    calls = []
    for number in range(_CALLS):
        method = "NodeUnprepareResources" if number % 4 == 3 else "NodePrepareResources"
        failed = number == 8
        calls.append(
            {
                "time": 1_795_513_267.0 + number * 0.113,
                "method": f"/k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin/{method}",
                "request": {"claims": [claim]},
                "reply": None if failed else {"claims": {uid: {"devices": [device]}}},
                "status": "UNAVAILABLE" if failed else "OK",
                "error": "connection reset" if failed else "",
                "seconds": round(faker.random.uniform(0.0011, 0.0094), 4),
            }
        )
    return calls


def _cdi(uid: str) -> dict[str, Any]:
    node = {"path": "/dev/gpu0", "hostPath": "/dev/gpu0", "type": "c", "major": 195, "minor": 0}
    edits = {"deviceNodes": [node], "env": ["GPU_VISIBLE_DEVICES=0"]}
    return {
        "cdiVersion": "0.7.0",
        "kind": "example.com/gpu",
        "devices": [{"name": f"claim-{uid[:4]}-gpu-0", "containerEdits": edits}],
    }


def _slices() -> list[dict[str, Any]]:
    return [
        {
            "metadata": {"name": f"0000{index}-worker-0"},
            "spec": {
                "nodeName": "worker-0",
                "pool": {"name": "worker-0", "generation": 1, "resourceSliceCount": 2},
                "devices": [{"name": f"gpu-{index * 4 + device}"} for device in range(4)],
            },
        }
        for index in range(2)
    ]


def _log(uid: str, faker: Faker) -> list[str]:
    return [
        json.dumps(
            {
                "time": f"2026-11-23T09:42:{second:02d}Z",
                "level": "info" if second % 9 else "warning",
                "message": "prepared" if second % 2 else "checkpoint written",
                "claim": uid,
                "took_ms": faker.random_int(1, 12),
            }
        )
        + "\n"
        for second in range(55)
    ]
