"""How those who run at the same time divide the compute units between them."""

from collections.abc import Sequence

# Compute power is counted in thousandths of a whole device.
WHOLE = 1000


def divide(capacity: int, wanted: Sequence[int]) -> list[int]:
    """Give each what it wants, or, when that is too much together, an equal share at most.

    What one does not need goes to the others; nothing is left while somebody wants more. The odd
    thousandths go to those who come first.
    """
    given = [0] * len(wanted)
    # Those who want least are served first, so that the rest share what they leave.
    order = sorted(range(len(wanted)), key=lambda index: (wanted[index], index))
    left = capacity
    for position, index in enumerate(order):
        share, odd = divmod(left, len(order) - position)
        given[index] = min(wanted[index], share + (1 if odd else 0))
        left -= given[index]
    return given
