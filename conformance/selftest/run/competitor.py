"""A worker of a run that does nothing but take leases; its test talks to it by its pipes.

It reads one JSON document a line: first where the host is, then `["take", part, devices]`,
`["widen"]`, `["give"]`, `["ask", word, …]` or `["race", file, rounds, part, devices]`, and answers
each with one. In a race it takes the lease again and again, and notes in the file when it has it.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from drawplate.conformance.alone import Alone
from drawplate.conformance.problems import Problem
from drawplate.conformance.run.site_host import HostAddress
from drawplate.conformance.run.site_link import SiteLink


def answer(link: SiteLink, word: str, *arguments: Any) -> Any:
    """Do what was asked for; gives what is told of it."""
    if word == "take":
        link.take(Alone(*arguments))
        return [link.node, link.number]
    if word == "widen":
        link.widen()
        return [link.node, link.number]
    if word == "give":
        link.give()
        return None
    if word == "race":
        file, rounds, *needs = arguments
        return race(link, Path(file), rounds, Alone(*needs))
    return link.ask(*arguments)


def race(link: SiteLink, file: Path, rounds: int, needs: Alone) -> None:
    """Take a lease and give it back, again and again."""
    with file.open("a", buffering=1, encoding="utf-8") as log:
        for _ in range(rounds):
            link.take(needs)
            # A line below a page is written at once, whoever else writes.
            log.write(f"+ {os.getpid()} {link.node} {needs.part} {needs.devices}\n")
            log.write(f"- {os.getpid()} {link.node} {needs.part} {needs.devices}\n")
            link.give()


def main() -> None:
    """Serve the test until it closes the pipe."""
    lines = map(json.loads, sys.stdin)
    link = SiteLink(HostAddress(*next(lines)))
    for word, *arguments in lines:
        try:
            told = ["ok", answer(link, word, *arguments)]
        except Problem as problem:
            told = ["problem", str(problem)]
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
