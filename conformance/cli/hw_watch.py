"""`drawplate hw watch`: nodes, devices, who holds them, and what happens, as it happens."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drawplate.emulators.watch.follower import Follower, Holders


def add_action(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `watch`."""
    parser = actions.add_parser(
        "watch",
        help="watch the hardware, in the terminal or in a browser",
        description="Shows nodes, devices, who holds them, load, faults and events, as they change. "
        "The page of --web is for this machine only, and read-only without --allow-changes.",
    )
    parser.add_argument("--on", metavar="NAME", help="one node; default: all that are up")
    parser.add_argument("--web", action="store_true", help="serve a page on 127.0.0.1 instead")
    parser.add_argument("--port", type=int, default=0, metavar="PORT", help="default: a free one")
    parser.add_argument(
        "--allow-changes", action="store_true", help="the page may plug, unplug and heal"
    )
    parser.set_defaults(run=run_watch)


def run_watch(arguments: argparse.Namespace) -> int:
    """Follow until interrupted."""
    from drawplate.conformance.cli.hw_target import find_control, find_controls
    from drawplate.emulators.watch.follower import Follower

    name = arguments.on
    controls = {name: find_control(name)} if name else find_controls()
    follower = Follower(controls)
    holders = _holders(controls)
    follower.start()
    try:
        if arguments.web:
            _serve(follower, holders, arguments)
        else:
            _draw(follower, holders)
    except KeyboardInterrupt:
        # How one stops to watch.
        pass
    finally:
        follower.stop()
    return 0


def _serve(follower: "Follower", holders: "Holders", arguments: argparse.Namespace) -> None:
    from drawplate.emulators.watch.web import Page

    with Page(follower, holders, arguments.port, changes=arguments.allow_changes) as page:
        print(page.url, flush=True)
        page.serve_forever()


def _draw(follower: "Follower", holders: "Holders") -> None:
    from rich.console import Console

    from drawplate.emulators.watch.terminal import watch

    watch(follower, holders, Console())


def _holders(controls: Mapping[str, Path]) -> "Holders":
    from drawplate.fixtures.clusters import holders, providers

    clusters = {
        name: found
        for cluster in providers.names()
        if (found := providers.find(cluster))
        for name in (found.name, *found.hardware)
        if name in controls
    }
    followed = {name: holders.Holders(found.kubeconfig) for name, found in clusters.items()}
    for one in followed.values():
        one.start()
    return lambda: {name: one.held for name, one in followed.items()}
