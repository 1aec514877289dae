"""Makes the Python code of the .proto files anew: `python -m drawplate.driver.wire.generate`.

Needs grpcio-tools. What it writes is committed, so that users of the driver do not need the
generator; `nox -s protos` runs this and fails when the result differs from what is committed.
"""

import shutil
import sys
import tempfile
from importlib import import_module
from importlib.resources import files
from pathlib import Path

HERE = Path(__file__).resolve().parent
# protoc derives import statements from this path, so they come out absolute.
PLACE = Path("drawplate/driver/wire")

STUB_HEADER = """\
# Types of {module}_pb2_grpc.py, made by generate.py. Do not edit.
# ruff: noqa: N802
# fmt: off
import grpc

from drawplate.driver.wire import {module}_pb2
"""

STUB_SERVICE = """
class {service}Stub:
    def __init__(self, channel: grpc.Channel) -> None: ...
{multicallables}

class {service}Servicer:
{methods}

def add_{service}Servicer_to_server(servicer: {service}Servicer, server: grpc.Server) -> None: ...
"""


def generate(target: Path = HERE) -> list[Path]:
    """Write *_pb2.py, *_pb2.pyi, *_pb2_grpc.py and *_pb2_grpc.pyi to `target`; give their paths.

    Raises RuntimeError when protoc refuses a file.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / PLACE
        place.mkdir(parents=True)
        for source in sorted(HERE.glob("*.proto")):
            shutil.copy(source, place)
        _run_protoc(Path(folder))
        for grpc_module in sorted(place.glob("*_pb2_grpc.py")):
            _write_stub(grpc_module.name.removesuffix("_pb2_grpc.py"), place)
        return [Path(shutil.copy(made, target)) for made in sorted(place.glob("*_pb2*.py*"))]


def _run_protoc(root: Path) -> None:
    # Imported here because only developers have grpcio-tools.
    protoc = import_module("grpc_tools.protoc")
    sources = [str(PLACE / source.name) for source in sorted((root / PLACE).glob("*.proto"))]
    arguments = ["protoc", f"-I{root}", f"-I{files('grpc_tools') / '_proto'}"]
    arguments += [f"--{kind}_out={root}" for kind in ("python", "pyi", "grpc_python")]
    if protoc.main([*arguments, *[str(root / source) for source in sources]]) != 0:
        raise RuntimeError(f"protoc refused one of {', '.join(sources)}")


def _write_stub(module: str, place: Path) -> None:
    text = STUB_HEADER.format(module=module)
    for service, methods in _services(place / f"{module}.proto").items():
        text += STUB_SERVICE.format(
            service=service,
            multicallables="\n".join(
                f"    {name}: grpc.UnaryUnaryMultiCallable" for name, _, _ in methods
            ),
            methods="\n".join(
                f"    def {name}(\n"
                f"        self, request: {module}_pb2.{asked}, context: grpc.ServicerContext\n"
                f"    ) -> {module}_pb2.{answer}: ..."
                for name, asked, answer in methods
            ),
        )
    (place / f"{module}_pb2_grpc.pyi").write_text(text)


def _services(proto: Path) -> dict[str, list[tuple[str, str, str]]]:
    descriptor = import_module("google.protobuf.descriptor_pb2")
    protoc = import_module("grpc_tools.protoc")
    binary = proto.with_suffix(".bin")
    root = proto.parents[len(PLACE.parts)]
    protoc.main(["protoc", f"-I{root}", f"--descriptor_set_out={binary}", str(proto)])
    found = descriptor.FileDescriptorSet.FromString(binary.read_bytes())
    return {
        service.name: [
            (rpc.name, rpc.input_type.rpartition(".")[2], rpc.output_type.rpartition(".")[2])
            for rpc in service.method
        ]
        for service in found.file[0].service
    }


if __name__ == "__main__":
    for path in generate():
        print(path, file=sys.stderr)
