"""`drawplate ci`: the steps of `conformance/ci/certify.sh`, which certifies a driver in any CI."""

import argparse
import os
from pathlib import Path


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ci` with `script`, `cache`, `prepare` and `publish`."""
    parser = commands.add_parser(
        "ci",
        help="certify in a CI: the script, and its steps",
        description="The script reads what to certify from environment variables and calls the "
        "other actions: bash $(drawplate ci script).",
    )
    parser.set_defaults(run=run_script)
    actions = parser.add_subparsers(metavar="ACTION")
    script = actions.add_parser("script", help="print the path of the script (the default)")
    script.set_defaults(run=run_script)
    _add_cache(actions)
    prepare = actions.add_parser(
        "prepare", help="check the profile, clear the report folder, bring images to the profile"
    )
    prepare.add_argument("profile", metavar="PROFILE")
    prepare.add_argument("--out", type=Path, required=True, metavar="DIR")
    prepare.add_argument(
        "--image",
        action="append",
        default=[],
        metavar="[ARCHIVE=]SOURCE",
        help="SOURCE is an image archive or a reference, ARCHIVE what the profile calls it",
    )
    prepare.set_defaults(run=run_prepare)
    publish = actions.add_parser("publish", help="write summary.md, and what GitHub asks for")
    publish.add_argument("folder", type=Path, metavar="DIR", help="the report folder")
    publish.add_argument("--exit-code", type=int, required=True, metavar="CODE")
    publish.add_argument(
        "--untested", action="store_true", help="no run began: what lies there is an earlier one's"
    )
    publish.set_defaults(run=run_publish)


def _add_cache(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    cache = actions.add_parser("cache", help="print the cache's key and its folders")
    cache.add_argument("--kubernetes", default="1.37", metavar="VERSION")
    cache.add_argument("--provider", default="kind", metavar="PROVIDER")
    cache.add_argument("--height", default="all", metavar="HEIGHT")
    what = cache.add_mutually_exclusive_group()
    what.add_argument("--key", action="store_true", help="the key alone")
    what.add_argument("--folders", action="store_true", help="the folders alone")
    cache.set_defaults(run=run_cache)


def run_script(_arguments: argparse.Namespace) -> int:
    """Print where the script lies."""
    from importlib.resources import files

    print(files("drawplate.conformance") / "ci" / "certify.sh")
    return 0


def run_cache(arguments: argparse.Namespace) -> int:
    """Print the key, then one folder per line."""
    from drawplate.conformance.ci.cache import folders, key

    if not arguments.folders:
        print(key(arguments.kubernetes, arguments.provider, arguments.height))
    if not arguments.key:
        for folder in folders():
            print(folder)
    return 0


def run_prepare(arguments: argparse.Namespace) -> int:
    """Do what needs no root before a certification, so that what is wrong is told at once."""
    from drawplate.conformance.ci.images import Given, bring
    from drawplate.conformance.profile.load import load
    from drawplate.fixtures.progress import Progress
    from drawplate.reports.folder import prepare, withdraw

    profile = load(arguments.profile)
    # A workspace of a CI may hold the report of the run before; `certify --out` would refuse it.
    withdraw(arguments.out, prepare(arguments.out, replace=True))
    for archive in bring(profile, [Given.parse(text) for text in arguments.image], Progress()):
        print(archive)
    return 0


def run_publish(arguments: argparse.Namespace) -> int:
    """Hand on the result of a run, and print its values."""
    from drawplate.conformance.ci.publish import publish

    folder: Path = arguments.folder.absolute()
    values = publish(folder, arguments.exit_code, os.environ, tested=not arguments.untested)
    for name, value in values.items():
        print(f"{name}={value}")
    return 0
