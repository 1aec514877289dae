"""A real browser, driven through the pipe that Chromium itself offers."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Self

# Without these it asks the world for updates, or a sandbox of the kernel that containers lack.
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--remote-debugging-pipe",
)

_NAMES = ("chromium", "chromium-browser", "google-chrome")


class Browser:
    """One tab of a headless Chromium."""

    def __init__(self, profile: Path, *, dark: bool = False, width: int = 1300) -> None:
        name = next(filter(None, map(shutil.which, _NAMES)))
        theirs, self._to = os.pipe()
        self._from, ours = os.pipe()
        flags = [*_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},900"]
        # The browser reads its orders from descriptor 3 and answers on 4.
        shell = f'exec "$@" 3<&{theirs} 4>&{ours}'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "browser", name, *flags, "about:blank"],
            pass_fds=(theirs, ours),
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(ours)
        self._number = 0
        self._rest = b""
        self._session = ""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._ask("Emulation.setEmulatedMedia", features=[scheme])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._to)
        os.close(self._from)

    def go(self, url: str) -> None:
        """Open a page."""
        self._ask("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        """Run JavaScript, wait for its promise, and give its value."""
        reply = self._ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in reply:
            raise AssertionError(reply["exceptionDetails"])
        return reply["result"].get("value")

    def until(self, condition: str) -> Any:
        """Wait until an expression is true, looking whenever the page changes; give its value."""
        return self.run(
            f"""new Promise((resolve, reject) => {{
              const look = () => {{ const found = {condition}; if (found) resolve(found); }};
              new MutationObserver(look).observe(document, {{childList: true, subtree: true,
                characterData: true, attributes: true}});
              look();
              setTimeout(() => reject(new Error("never: " + document.body.innerText)), 30000);
            }})"""
        )

    def shot(self, path: Path) -> None:
        """Write a picture of the whole page."""
        reply = self._ask("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(reply["data"]))

    def _ask(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        order = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            order["sessionId"] = self._session
        os.write(self._to, json.dumps(order).encode() + b"\0")
        while True:
            told = self._read()
            if told.get("id") == self._number:
                assert "error" not in told, told
                return told["result"]

    def _read(self) -> Any:
        while b"\0" not in self._rest:
            data = os.read(self._from, 1 << 16)
            assert data, "the browser ended"
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\0")
        return json.loads(line)
