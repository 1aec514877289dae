"""The folders of one bench node: what a driver takes for `/var/lib/kubelet`, `/etc/cdi` and so on."""

import fcntl
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from drawplate.conformance.problems import SetupProblem
from drawplate.emulators.places import ROOT

# sun_path of a UNIX socket holds 108 bytes with its final zero (Linux unix(7)); drivers append
# names such as "plugins_registry/<driver>-<pod uid>-reg.sock" to the kubelet root.
LONGEST_ROOT = 44
PREFIX = "dw-"
# Whoever holds the lock on this file of a folder owns the folder; the lock ends with the process.
OWNER_FILE = ".drawplate-owner"
_owned: dict[Path, int] = {}


@dataclass(frozen=True, slots=True)
class BenchPaths:
    """The folders of one bench node, all below `root`.

    `registry` and `plugins` lie in `kubelet_root` as on a real node. `cdi_static` and `cdi_dynamic`
    play /etc/cdi and /var/run/cdi; `cdi` has both in the order of their priority, the highest
    last (CDI specification, "CDI JSON files"). `state` is for what a driver keeps over a reboot.
    """

    root: Path
    kubelet_root: Path
    registry: Path
    plugins: Path
    cdi_static: Path
    cdi_dynamic: Path
    state: Path

    @property
    def hardware_state(self) -> Path:
        """What the emulated hardware of the node keeps."""
        return self.root / "hw"

    @property
    def hardware(self) -> Path:
        """Where sys/, dev/, proc/ and usr/ of the emulated hardware are."""
        return self.hardware_state / ROOT

    @property
    def cdi(self) -> tuple[Path, Path]:
        """The CDI folders, the one with the highest priority last."""
        return (self.cdi_static, self.cdi_dynamic)

    @classmethod
    def create(cls, root: Path | None = None) -> "BenchPaths":
        """Make the folders, in a new short folder of ours when `root` is None.

        Folders of ours whose process was killed are removed on the way. Raises SetupProblem when `root` is too long for the sockets of drivers, is not empty, or
        cannot be written.
        """
        paths = cls.below(_fresh_root() if root is None else root)
        _refuse_long(paths.root)
        try:
            if root and root.exists() and any(root.iterdir()):
                raise SetupProblem("a bench node needs an empty folder", where=str(paths.root))
            for folder in (paths.registry, paths.plugins, *paths.cdi, paths.state):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupProblem(f"cannot make a bench node: {error}", where=str(root)) from error
        return paths

    @classmethod
    def below(cls, root: Path) -> "BenchPaths":
        """Name the folders below `root` without making them."""
        kubelet = root / "kubelet"
        return cls(
            root=root,
            kubelet_root=kubelet,
            registry=kubelet / "plugins_registry",
            plugins=kubelet / "plugins",
            cdi_static=root / "etc" / "cdi",
            cdi_dynamic=root / "run" / "cdi",
            state=root / "state",
        )

    def lose_boot_state(self) -> None:
        """Empty what a reboot empties: /var/run is a tmpfs, so the dynamic CDI folder is new."""
        _empty(self.cdi_dynamic)

    def remove(self) -> None:
        """Delete the node's folders with everything that a driver left in them."""
        _remove(self.root)
        lock = _owned.pop(self.root, None)
        if lock is not None:
            os.close(lock)


def sweep() -> None:
    """Remove the folders of ours whose process was killed."""
    for owner_file in Path(_parent()).glob(f"{PREFIX}*/{OWNER_FILE}"):
        _sweep(owner_file)


def _parent() -> str:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    for parent in (tempfile.gettempdir(), runtime):
        if parent and os.access(parent, os.W_OK) and len(os.fsencode(parent)) <= LONGEST_ROOT - 14:
            return parent
    # mkdtemp makes a folder below it that is private.
    return "/tmp"  # noqa: S108


def _fresh_root() -> Path:
    sweep()
    root = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_parent()))
    _owned[root] = os.open(root / OWNER_FILE, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(_owned[root], fcntl.LOCK_EX)
    return root


def _sweep(owner_file: Path) -> None:
    try:
        lock = os.open(owner_file, os.O_RDWR)
    except OSError:
        return  # Gone already, or another user's.
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(owner_file.parent)
    except BlockingIOError:
        return
    finally:
        os.close(lock)


def _remove(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    if root.exists():
        # A driver may have taken away its own write permission (a fault that tests inject).
        for folder, _, _ in os.walk(root):
            Path(folder).chmod(stat.S_IRWXU)
        shutil.rmtree(root)


def _refuse_long(root: Path) -> None:
    length = len(os.fsencode(root))
    if length > LONGEST_ROOT:
        raise SetupProblem(
            f"the folder of a bench node is {length} bytes long; sockets leave room for "
            f"{LONGEST_ROOT}",
            where=str(root),
            cure="name a shorter folder, or none",
        )


def _empty(folder: Path) -> None:
    for entry in list(folder.iterdir()) if folder.exists() else []:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
