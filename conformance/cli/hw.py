"""`drawplate hw`: emulated nodes and their hardware, from the command line."""

import argparse

from drawplate.conformance.cli import hw_devices, hw_nodes, hw_watch

EPILOGUE = """\
exit codes
  0  done
  1  the hardware refused: busy, out of range, no such device
  3  wrong use, or the node is not up or cannot be started
  4  error of Drawplate itself
`hw run` leaves with the exit code of its command, 128 + N when signal N ended it, 126 or 127 when
it cannot be run.

Without --on, the node is the one that the variable DRAWPLATE_HW names (inside `hw run`, and in
`drawplate exec` and `shell` of clusters with a machine), else the only one that is up.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `hw` with its actions."""
    parser = commands.add_parser(
        "hw",
        help="emulated hardware: start nodes, look, change, break, heal",
        description="Starts emulated nodes from machine files, and works with their hardware.",
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    hw_nodes.add_actions(actions)
    hw_devices.add_actions(actions)
    hw_watch.add_action(actions)
