"""`drawplate certify`: certifies a driver by its profile."""

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from drawplate.conformance.cli.cluster import add_cluster_options, spec_of
from drawplate.emulators.problems import SetupProblem

if TYPE_CHECKING:
    from drawplate.conformance.catalogue import Height
    from drawplate.fixtures.progress import Progress

MOST_WORKERS = 4
SIGINT_EXIT = 130


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `certify PROFILE`."""
    parser = commands.add_parser(
        "certify",
        help="certify a driver: is it conformant?",
        description="Certifies the driver that PROFILE (a shipped name or a file) describes.",
    )
    parser.add_argument("profile", metavar="PROFILE", nargs="?", default="reference")
    parser.add_argument(
        "--height",
        choices=("bench", "cluster", "all"),
        default=None,
        help="bench: we are the kubelet; cluster: everything is real (default: "
        "all, or bench where a cluster cannot run)",
    )
    parser.add_argument(
        "--cluster",
        default="",
        metavar="NAME",
        help="use this running cluster instead of one made for the run",
    )
    add_cluster_options(parser)
    parser.add_argument(
        "-n",
        "--workers",
        type=_positive,
        default=None,
        metavar="WORKERS",
        help="test processes (default: one for each processor, at most 4)",
    )
    parser.add_argument(
        "--select", nargs="+", default=[], metavar="ID", help="check these requirements only"
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="only list what would be created on the cluster (existing)",
    )
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument(
        "--shuffle", action="store_true", help="run the tests in an order that the seed draws"
    )
    parser.add_argument(
        "--keep-on-failure",
        action="store_true",
        help="leave the cluster of the run for a look if anything did not pass; `drawplate down` ends it",
    )
    parser.add_argument(
        "--accept-known",
        action="store_true",
        help="exit with 0 when nothing but known failures of the profile fails; "
        "the verdict stays what it is",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=None,
        metavar="DIR",
        help="folder of the report (default: reports of the profile below ./out)",
    )
    parser.set_defaults(run=run_certify)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def run_certify(arguments: argparse.Namespace) -> int:
    """Certify, print the summary, and give the exit code of the verdict."""
    from drawplate.conformance.cli.dry_run import print_plan
    from drawplate.conformance.profile.load import load
    from drawplate.conformance.run.certification import Order, certify, command_line
    from drawplate.conformance.run.ground import Wish
    from drawplate.fixtures.progress import Progress
    from drawplate.reports.terminal import print_summary

    progress = Progress()
    profile = load(arguments.profile)
    if arguments.dry_run:
        return print_plan(profile, spec_of(arguments))
    order = Order(
        profile=arguments.profile,
        wish=Wish(
            heights=_heights(arguments.height, arguments.provider, progress),
            spec=spec_of(arguments),
            cluster=arguments.cluster,
            keep=arguments.keep_on_failure,
        ),
        out=(arguments.out or Path("out") / profile.title).resolve(),
        workers=arguments.workers or min(MOST_WORKERS, os.cpu_count() or 1),
        seed=arguments.seed,
        selection=tuple(arguments.select),
        argv=command_line(),
        replace=arguments.out is None,
        shuffle=arguments.shuffle,
    )
    result = certify(order, progress)
    accepted = arguments.accept_known and result.ruling.only_known and not result.interrupted
    # Whether somebody still reads changes no verdict.
    with suppress(BrokenPipeError):
        print_summary(result.report, order.out, sys.stdout)
        if accepted:
            print("exit code 0: --accept-known, and nothing but known failures fails")
    if result.interrupted:
        return SIGINT_EXIT
    return 0 if accepted else result.report.exit_code


def _heights(asked: str | None, provider: str, progress: "Progress") -> "frozenset[Height]":
    # Somebody else's cluster needs nothing of this machine.
    lacking = "" if provider == "existing" else _lacking_for_cluster()
    if asked == "bench":
        return frozenset({"bench"})
    if lacking and asked is not None:
        raise SetupProblem(
            f"the cluster height cannot run here: {lacking}",
            where=f"--height {asked}",
            cure="run it as root on Linux, or use --height bench",
        )
    if lacking:
        progress.say(f"bench height only: the cluster height cannot run here, because {lacking}")
        return frozenset({"bench"})
    return frozenset({"cluster"}) if asked == "cluster" else frozenset({"bench", "cluster"})


def _lacking_for_cluster() -> str:
    if sys.platform != "linux":
        return "it needs Linux (namespaces, cgroups, containerd)"
    if os.geteuid() != 0:
        return "it needs root (namespaces, mounts, cgroups)"
    return ""
