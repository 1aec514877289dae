"""Where a node's metadata server listens, and how clients learn of it."""

import http.client
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drawplate.emulators.metadata import part
from drawplate.emulators.nic import namespaces
from drawplate.emulators.node import Node, NodeSettings
from drawplate.emulators.problems import SetupProblem

Attached = Callable[..., Node]
HEADERS = {"Metadata-Flavor": "Google"}


@pytest.fixture
def attached(tmp_path: Path) -> Iterator[Attached]:
    nodes: list[Node] = []

    def attach(machine: str, **options: str) -> Node:
        named = {name.replace("_", ".", 1): value for name, value in options.items()}
        node = Node(NodeSettings(machine, "node-1", tmp_path, options=named))
        nodes.append(node)
        part.attach(node)
        for surface in node.surfaces:
            node.state.add_surface(surface)
        return node

    yield attach
    for node in nodes:
        for surface in reversed(node.state.surfaces):
            surface.stop()


def ask(host: str, port: int) -> str:
    connection = http.client.HTTPConnection(host, port, timeout=20)
    connection.request("GET", "/computeMetadata/v1/instance/name", headers=HEADERS)
    answer = connection.getresponse().read().decode()
    connection.close()
    return answer


def test_the_address_is_in_a_file_and_told_by_an_operation(
    attached: Attached, tmp_path: Path
) -> None:
    node = attached("tpu-v5e-8")
    address = (tmp_path / part.ADDRESS_FILE).read_text().strip()
    assert node.operations["metadata_address"]() == address
    host, _, port = address.rpartition(":")
    assert ask(host, int(port)) == "node-1"
    for surface in node.surfaces:
        node.state.remove_surface(surface)
    assert not (tmp_path / part.ADDRESS_FILE).exists()


def test_a_node_in_no_cloud_has_no_server_unless_it_is_wanted(attached: Attached) -> None:
    assert attached("edge-l4").surfaces == []
    assert attached("tpu-v5e-8", metadata_address="off").surfaces == []
    assert len(attached("edge-l4", metadata_address="127.0.0.1:0").surfaces) == 1


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:port"])
def test_what_is_no_address_is_refused(attached: Attached, address: str) -> None:
    with pytest.raises(SetupProblem, match="no address"):
        attached("tpu-v5e-8", metadata_address=address)


@pytest.mark.root
def test_it_answers_at_the_clouds_own_address_in_the_nodes_namespace(
    attached: Attached, tmp_path: Path
) -> None:
    path = tmp_path / "namespace"
    namespaces.make_namespace(path)
    try:
        attached("tpu-v5e-8", metadata_link_local="on", nic_namespace=str(path))
        namespace = namespaces.open_namespace(path)
        assert namespaces.run_inside(namespace, lambda: ask(part.LINK_LOCAL, 80)) == "node-1"
    finally:
        namespaces.drop_namespace(path)


@pytest.mark.root
def test_it_never_takes_that_address_on_the_machine_itself(attached: Attached) -> None:
    if not part._is_the_machines(namespaces.OWN):
        pytest.skip("this is a container: its namespace has no hardware")
    with pytest.raises(SetupProblem, match="would be this machine's"):
        attached("tpu-v5e-8", metadata_link_local="on")
