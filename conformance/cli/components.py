"""`drawplate components`: the binaries of clusters, where they come from, and their cache."""

import argparse


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `components` with `ls`, `get` and `rm`."""
    parser = commands.add_parser(
        "components",
        help="show, get or remove the binaries that clusters are made of",
        description="Kubernetes, etcd, containerd, runc and the other binaries that local clusters "
        "run, kept under the user's cache folder.",
    )
    parser.set_defaults(run=run_ls)
    actions = parser.add_subparsers(metavar="ACTION")
    actions.add_parser(
        "ls", help="show version, origin and size of each component (the default)"
    ).set_defaults(run=run_ls)
    get = actions.add_parser("get", help="download or build what is not there yet")
    get.add_argument("names", nargs="*", metavar="NAME", help="a component; all when none is named")
    get.add_argument(
        "--kubernetes", default="1.37", metavar="VERSION", help="of which Kubernetes (1.37)"
    )
    get.set_defaults(run=run_get)
    remove = actions.add_parser("rm", help="delete from the cache")
    remove.add_argument(
        "names", nargs="*", metavar="NAME", help="a component, or go; all when none is named"
    )
    remove.add_argument(
        "--older", action="store_true", help="keep the builds that this version of Drawplate uses"
    )
    remove.set_defaults(run=run_rm)


def run_ls(_arguments: argparse.Namespace) -> int:
    """Print one line per component."""
    from drawplate.fixtures.clusters.components.inventory import holdings

    rows = [("component", "version", "origin", "size", "path")]
    older = 0
    for holding in holdings():
        size = _megabytes(holding.size) if holding.size else "-"
        path = str(holding.path or "-")
        rows.append((holding.name, holding.version, holding.origin, size, path))
        older += holding.older
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)))
    if older:
        print(f"{_megabytes(older)} of older builds: `drawplate components rm --older`")
    return 0


def run_get(arguments: argparse.Namespace) -> int:
    """Get components and print the path of every binary."""
    from drawplate.fixtures.clusters.components.get import ensure
    from drawplate.fixtures.clusters.components.versions import shipped
    from drawplate.fixtures.clusters.versions_table import resolve
    from drawplate.fixtures.progress import Progress

    names = arguments.names or shipped().components
    found = ensure(names, Progress(), kubernetes=resolve(arguments.kubernetes))
    width = max(len(name) for name in found)
    for name, path in found.items():
        print(f"{name.ljust(width)}  {path}")
    return 0


def run_rm(arguments: argparse.Namespace) -> int:
    """Delete components and print how much room that made."""
    from drawplate.fixtures.clusters.components.inventory import remove
    from drawplate.fixtures.progress import Progress

    freed = remove(arguments.names, Progress(), only_older=arguments.older)
    print(f"{_megabytes(freed)} freed")
    return 0


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
