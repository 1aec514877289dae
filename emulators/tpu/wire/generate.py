"""Makes the Python code of the .proto file anew: `python -m drawplate.emulators.tpu.wire.generate`.

Needs grpcio-tools. What it writes is committed, so that users do not need the generator.
"""

import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent
# protoc derives import statements from this path, so they come out absolute.
PLACE = Path("drawplate/emulators/tpu/wire")


def generate(target: Path = HERE) -> list[Path]:
    """Write *_pb2.py and *_pb2.pyi to `target`; give their paths.

    Raises RuntimeError when protoc refuses a file.
    """
    # Imported here because only developers have grpcio-tools.
    protoc = import_module("grpc_tools.protoc")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / PLACE
        place.mkdir(parents=True)
        sources = [shutil.copy(source, place) for source in sorted(HERE.glob("*.proto"))]
        outputs = [f"--{kind}_out={folder}" for kind in ("python", "pyi")]
        if protoc.main(["protoc", f"-I{folder}", *outputs, *map(str, sources)]) != 0:
            raise RuntimeError(f"protoc refused one of {', '.join(map(str, sources))}")
        return [Path(shutil.copy(made, target)) for made in sorted(place.glob("*_pb2.py*"))]


if __name__ == "__main__":
    for path in generate():
        print(path, file=sys.stderr)
