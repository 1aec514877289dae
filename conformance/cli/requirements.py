"""`drawplate requirements`: shows the catalogue."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drawplate.conformance.catalogue import Requirement


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `requirements [ID…]`."""
    parser = commands.add_parser(
        "requirements",
        help="show the catalogue of requirements, or some of them whole",
        description="Lists all requirements; with IDs, shows each whole: source, hint, mutants.",
    )
    parser.add_argument("ids", nargs="*", metavar="ID")
    parser.set_defaults(run=run_requirements)


def run_requirements(arguments: argparse.Namespace) -> int:
    """Print the catalogue, or the requirements that are named."""
    from drawplate.conformance import catalogue

    if arguments.ids:
        print("\n\n".join(_whole(entry) for entry in catalogue.find(arguments.ids)))
        return 0
    entries = catalogue.load().values()
    area = ""
    for entry in entries:
        if entry.area != area:
            area = entry.area
            print(f"\n{area}")
        heights = "+".join(entry.heights)
        print(f"  {entry.id:<8} {entry.level:<6} {heights:<13} {entry.text}")
    must = sum(entry.level == "MUST" for entry in entries)
    print(f"\n{len(entries)} requirements: {must} MUST, {len(entries) - must} SHOULD")
    return 0


def _whole(entry: "Requirement") -> str:
    rows = [
        ("source", entry.source),
        ("because", entry.rationale),
        ("heights", ", ".join(entry.heights)),
        ("since", f"Kubernetes {entry.since}"),
        ("cluster", _offered(entry)),
        ("needs", ", ".join(entry.needs)),
        ("hint", entry.hint),
        ("mutants", ", ".join(entry.mutants)),
    ]
    lines = [f"{entry.id} {entry.level} ({entry.area})", f"  {entry.text}"]
    return "\n".join(lines + [f"  {title:<8} {text}" for title, text in rows if text])


def _offered(entry: "Requirement") -> str:
    wanted = entry.kubernetes
    return ", ".join(
        [*wanted.gates, *wanted.services, *(f"resource.k8s.io/{a}" for a in wanted.apis)]
    )
