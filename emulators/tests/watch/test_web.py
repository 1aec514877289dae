"""The page, in a real browser; and who may ask it for what."""

import http.client
import json
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drawplate.emulators.state.model import State
from drawplate.emulators.tests.watch.browser import Browser
from drawplate.emulators.watch.board import Board
from drawplate.emulators.watch.follower import Follower
from drawplate.emulators.watch.web import Page


@contextmanager
def serving(follower: Follower, *, changes: bool = False) -> Iterator[Page]:
    """Serve the page while the block runs."""
    held = {follower.boards["n1"].devices["gpu1"].about["uuid"]: "default/train-0 (claim train)"}
    with Page(follower, lambda: {"n1": held}, changes=changes) as page:
        thread = threading.Thread(target=page.serve_forever)
        thread.start()
        yield page
        page.shutdown()
        thread.join()


@pytest.fixture
def browser() -> Iterator[Browser]:
    # Not pytest's folder: the browser still writes to it while it is being killed.
    folder = Path(tempfile.mkdtemp(prefix="dp-browser-"))
    with Browser(folder) as found:
        yield found
    shutil.rmtree(folder, ignore_errors=True)


def request(
    page: Page, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, bytes]:
    """Send one request; give status and content."""
    connection = http.client.HTTPConnection("127.0.0.1", page.server_port, timeout=30)
    sent = json.dumps(body) if body is not None else None
    connection.request(method, path, sent, {k.replace("_", "-"): v for k, v in headers.items()})
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    return reply.status, content


def row(device: str) -> str:
    """Give the JavaScript for the row of a device."""
    return (
        "[...document.querySelectorAll('tbody tr')]"
        f".find((row) => row.querySelector('.name').textContent === '{device}')"
    )


@pytest.mark.slow
@pytest.mark.usefixtures("board")
def test_the_browser_follows_the_hardware(
    follower: Follower, state: State, browser: Browser
) -> None:
    with serving(follower) as page:
        browser.go(page.url)
        browser.until("document.querySelectorAll('tbody tr').length === 8")
        assert browser.run(f"{row('gpu1')}.querySelector('.holder').textContent") == (
            "default/train-0 (claim train)"
        )
        with state.change("unplug") as change:
            change.unplug("gpu5")
        browser.until(f"{row('gpu5')}.className === 'absent'")
        follower.call("n1", "fault", {"device": "gpu3", "fault": "xid=79"})
        browser.until(f"{row('gpu3')}.querySelector('.condition').textContent === 'xid=79'")
        assert browser.run("document.querySelectorAll('button').length") == 0
        # All that was loaded came from the page's own address.
        loaded = browser.run("performance.getEntriesByType('resource').map((one) => one.name)")
        assert all(name.startswith((page.url, "data:")) for name in loaded)


@pytest.mark.slow
@pytest.mark.usefixtures("board")
def test_buttons_change_the_hardware_where_that_is_allowed(
    follower: Follower, state: State, browser: Browser
) -> None:
    with serving(follower, changes=True) as page:
        browser.go(page.url)
        browser.until(f"{row('gpu6')}?.querySelector('button')")
        browser.run(f"{row('gpu6')}.querySelector('button').click()")
        browser.until(f"{row('gpu6')}.className === 'absent'")
    assert not state.device("gpu6").present


@pytest.mark.usefixtures("board")
def test_without_leave_nothing_can_be_changed(follower: Follower, state: State) -> None:
    order = {"op": "unplug", "node": "n1", "args": {"device": "gpu0"}}
    with serving(follower) as page:
        assert request(page, "POST", "/", order)[0] == 403
        assert request(page, "POST", "/", order, X_Drawplate_Token="")[0] == 403
    with serving(follower, changes=True) as page:
        assert request(page, "POST", "/", order)[0] == 403
        assert request(page, "POST", "/", order, X_Drawplate_Token=page.token[1:])[0] == 403
        stranger = {"X_Drawplate_Token": page.token, "Host": "evil.example"}
        assert request(page, "POST", "/", order, **stranger)[0] == 421
    assert state.device("gpu0").present


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"op": "stop", "node": "n1", "args": {}}, "not a request"),
        ({"op": "unplug", "node": "n9", "args": {}}, "not a request"),
        ({"op": "unplug", "node": "n1", "args": {"device": "gpu99"}}, "no device 'gpu99'"),
        ([], "not a request"),
    ],
)
@pytest.mark.usefixtures("board")
def test_an_order_that_cannot_be_followed_is_told(
    follower: Follower, order: object, said: str
) -> None:
    with serving(follower, changes=True) as page:
        status, content = request(page, "POST", "/", order, X_Drawplate_Token=page.token)
    assert status == 200
    assert json.loads(content)["ok"] is False
    assert said in json.loads(content)["what"]


def test_another_host_is_refused_and_unknown_paths_are_not_found(
    follower: Follower, board: Board
) -> None:
    assert board.alive
    with serving(follower) as page:
        assert request(page, "GET", "/state", Host="evil.example")[0] == 421
        assert request(page, "GET", "/../secret")[0] == 404
        status, content = request(page, "GET", "/state")
    assert status == 200
    assert json.loads(content)["nodes"][0]["machine"] == "dgx-h100"
