"""The wire contract: names and numbers that the kubelet relies on."""

import shutil
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor, FileDescriptor

from drawplate.driver.wire import dra_v1_pb2, dra_v1beta1_pb2, generate, registration_pb2

# k8s.io/kubelet v0.37.2 pkg/apis/pluginregistration/v1 and pkg/apis/dra/{v1,v1beta1}.
REGISTRATION = {
    "InfoRequest": {},
    "PluginInfo": {"type": 1, "name": 2, "endpoint": 3, "supported_versions": 4},
    "RegistrationStatus": {"plugin_registered": 1, "error": 2},
    "RegistrationStatusResponse": {},
}
DRA: dict[str, dict[str, int]] = {
    "Claim": {"namespace": 1, "uid": 2, "name": 3},
    "Device": {"request_names": 1, "pool_name": 2, "device_name": 3, "cdi_device_ids": 4},
    "NodePrepareResourcesRequest": {"claims": 1},
    "NodePrepareResourcesResponse": {"claims": 1},
    "NodePrepareResourceResponse": {"devices": 1, "error": 2},
    "NodeUnprepareResourcesRequest": {"claims": 1},
    "NodeUnprepareResourcesResponse": {"claims": 1},
    "NodeUnprepareResourceResponse": {"error": 1},
}
DRA_V1 = {**DRA, "Device": {**DRA["Device"], "share_id": 5}}
DRA_METHODS = {
    "NodePrepareResources": ("NodePrepareResourcesRequest", "NodePrepareResourcesResponse"),
    "NodeUnprepareResources": ("NodeUnprepareResourcesRequest", "NodeUnprepareResourcesResponse"),
}
REGISTRATION_METHODS = {
    "GetInfo": ("InfoRequest", "PluginInfo"),
    "NotifyRegistrationStatus": ("RegistrationStatus", "RegistrationStatusResponse"),
}

WIRE = [
    (registration_pb2.DESCRIPTOR, "pluginregistration", REGISTRATION),
    (dra_v1_pb2.DESCRIPTOR, "k8s.io.kubelet.pkg.apis.dra.v1", DRA_V1),
    (dra_v1beta1_pb2.DESCRIPTOR, "k8s.io.kubelet.pkg.apis.dra.v1beta1", DRA),
]


@pytest.mark.parametrize(("file", "package", "messages"), WIRE)
def test_packages_messages_and_field_numbers_are_those_of_kubernetes(
    file: FileDescriptor, package: str, messages: dict[str, dict[str, int]]
) -> None:
    assert file.package == package
    assert {name: _fields(one) for name, one in file.message_types_by_name.items()} == messages


@pytest.mark.parametrize(
    ("file", "service", "methods"),
    [
        (registration_pb2.DESCRIPTOR, "Registration", REGISTRATION_METHODS),
        (dra_v1_pb2.DESCRIPTOR, "DRAPlugin", DRA_METHODS),
        (dra_v1beta1_pb2.DESCRIPTOR, "DRAPlugin", DRA_METHODS),
    ],
)
def test_services_and_methods_are_those_of_kubernetes(
    file: FileDescriptor, service: str, methods: dict[str, tuple[str, str]]
) -> None:
    found = {
        method.name: (method.input_type.name, method.output_type.name)
        for method in file.services_by_name[service].methods
    }

    assert list(file.services_by_name) == [service]
    assert found == methods


def test_claims_of_answers_are_maps_by_uid() -> None:
    answer = dra_v1_pb2.NodePrepareResourcesResponse()
    answer.claims["uid-1"].devices.add(device_name="one", cdi_device_ids=["v/c=n"])

    # Field 1 twice: the map's entry, and its key; then field 2, the value.
    assert answer.SerializeToString().startswith(b"\x0a\x17\x0a\x05uid-1\x12\x0e\x0a\x0c")


def test_a_missing_share_differs_from_an_empty_one() -> None:
    assert not dra_v1_pb2.Device().HasField("share_id")
    assert dra_v1_pb2.Device(share_id="").HasField("share_id")


def test_unknown_fields_are_ignored() -> None:
    # Field 15, a string: what a newer kubelet might add.
    newer = dra_v1_pb2.Claim(uid="u", name="n").SerializeToString() + b"\x7a\x01x"

    assert dra_v1_pb2.Claim.FromString(newer).uid == "u"


def test_the_committed_code_is_what_the_proto_files_give(tmp_path: Path) -> None:
    pytest.importorskip("grpc_tools")
    made = generate.generate(tmp_path)

    assert len(made) == 12
    for path in made:
        assert path.read_text() == (generate.HERE / path.name).read_text(), path.name


def test_a_refused_proto_file_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("grpc_tools")
    shutil.copy(generate.HERE / "registration.proto", tmp_path)
    (tmp_path / "bad.proto").write_text("nonsense")
    monkeypatch.setattr(generate, "HERE", tmp_path)

    with pytest.raises(RuntimeError, match="bad"):
        generate.generate(tmp_path)


def _fields(message: Descriptor) -> dict[str, int]:
    return {field.name: field.number for field in message.fields}
