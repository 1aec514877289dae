"""`drawplate doctor`: what can run here, and what a cluster of somebody else lacks."""

import argparse
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from drawplate.conformance.cli.cluster import NODE_AGENT_IMAGE
from drawplate.emulators.problems import SetupProblem

if TYPE_CHECKING:
    from drawplate.fixtures.clusters.existing.row import Row
    from drawplate.fixtures.clusters.provider import ClusterSpec

EPILOGUE = """\
exit codes
  0  nothing is missing (there may be warnings)
  3  something is missing that a certification needs
"""
_WORDS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}

Section = tuple[str, Iterable["Row"]]


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `doctor`."""
    parser = commands.add_parser(
        "doctor",
        help="examine this machine, and a cluster, for what a certification needs",
        description="Without --kubeconfig and --context: says which providers can make clusters "
        "here. With one of them: examines that cluster, and changes nothing there.",
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kubeconfig", default="", metavar="FILE", help="the cluster's kubeconfig")
    parser.add_argument("--context", default="", metavar="NAME", help="a context of it")
    parser.add_argument(
        "--node-selector", default="", metavar="KEY=VALUE", help="which of its nodes may be used"
    )
    parser.add_argument(
        "--node-access",
        nargs="?",
        const=NODE_AGENT_IMAGE,
        default="",
        metavar="IMAGE",
        help="nodes may be entered by a privileged pod (with this image)",
    )
    parser.add_argument(
        "--probe-image", default="", metavar="REF", help="where nodes pull the probe's image"
    )
    parser.add_argument(
        "--profile", metavar="P", help="the driver that is to be certified: a name or a file"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run_doctor)


def run_doctor(arguments: argparse.Namespace) -> int:
    """Print the findings; give 3 when something is missing."""
    meant = arguments.kubeconfig or arguments.context
    sections = _cluster_sections(arguments) if meant else _machine_sections()
    found: list[tuple[str, list[Row]]] = []
    for title, rows in sections:
        found.append((title, []))
        if not arguments.json:
            print(f"\n{title}" if len(found) > 1 else title)
        for row in rows:
            found[-1][1].append(row)
            if not arguments.json:
                print(_text(row), flush=True)
    bad = [row for _, rows in found for row in rows if row.state == "fail"]
    # Of the providers one is enough.
    missing = bool(bad) if meant else all(any(r.state == "fail" for r in rows) for _, rows in found)
    if arguments.json:
        data = {title: [row.data() for row in rows] for title, rows in found}
        print(json.dumps({"missing": missing, "sections": data}, indent=1))
    return SetupProblem.exit_code if missing else 0


def _cluster_sections(arguments: argparse.Namespace) -> Iterable[Section]:
    from drawplate.conformance.profile.load import load
    from drawplate.fixtures.clusters.existing.survey import survey
    from drawplate.fixtures.clusters.provider import ClusterSpec

    profile = load(arguments.profile) if arguments.profile else None
    spec = ClusterSpec(
        provider="existing",
        kubeconfig=arguments.kubeconfig,
        context=arguments.context,
        node_selector=arguments.node_selector,
        node_access=arguments.node_access,
        probe_image=arguments.probe_image,
    )
    yield "the cluster", survey(spec, profile.driver.name if profile else "")
    if profile:
        from drawplate.conformance.cluster.intended import examine_profile

        yield f"the profile {profile.title}", examine_profile(profile, spec)


def _machine_sections() -> Iterable[Section]:
    from drawplate.fixtures.clusters.provider import ClusterSpec

    asked: Sequence[tuple[str, ClusterSpec]] = (
        ("bench height: etcd and API server, no root", ClusterSpec(bench=True)),
        ("cluster height: provider local", ClusterSpec()),
        ("cluster height: provider kind", ClusterSpec(provider="kind")),
    )
    for title, spec in asked:
        yield title, [_provider_row(spec)]


def _provider_row(spec: "ClusterSpec") -> "Row":
    from drawplate.fixtures.clusters import providers
    from drawplate.fixtures.clusters.existing.row import Row, of_problem

    try:
        providers.of(spec.provider).check(spec)
    except SetupProblem as problem:
        return of_problem(spec.provider, problem)
    return Row(spec.provider, "ok", "can run here")


def _text(row: "Row") -> str:
    lines = [f"  {_WORDS[row.state]}  {row.title:<16} {row.seen}"]
    if row.cure and row.state != "ok":
        lines.append(f"{'':24} cure: {row.cure}")
    return "\n".join(lines)
