"""Watching a folder ends, whatever is below it, and sees what happens in it."""

import subprocess
import sys
import threading
from pathlib import Path

from drawplate.conformance.cluster.folderwatch import watch_until

FOLDERS = 12
SECONDS = 60.0

# In a process of its own: a walk that follows all the links cannot be stopped.
WATCH = """
import sys
from pathlib import Path
from drawplate.conformance.cluster.folderwatch import watch_until
sys.exit(bool(watch_until(Path(sys.argv[1]), lambda: False, 1.0)))
"""


def test_links_below_a_folder_are_not_followed(tmp_path: Path) -> None:
    # As in /sys: each folder leads to all others, which makes FOLDERS! paths.
    for number in range(FOLDERS):
        folder = tmp_path / "volumes" / str(number)
        folder.mkdir(parents=True)
        for other in range(FOLDERS):
            (folder / f"to{other}").symlink_to(f"../{other}")

    done = subprocess.run(
        [sys.executable, "-c", WATCH, str(tmp_path)], timeout=SECONDS, check=False
    )

    assert done.returncode == 0


def test_a_change_is_seen(tmp_path: Path) -> None:
    made = tmp_path / "made"
    timer = threading.Timer(0.3, made.touch)
    timer.start()

    assert watch_until(tmp_path, made.exists, SECONDS)
    timer.join()


def test_what_does_not_happen_ends_with_the_budget(tmp_path: Path) -> None:
    assert not watch_until(tmp_path, lambda: False, 0.2)
