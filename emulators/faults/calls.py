"""How interfaces tell that a call came for which a command waits."""

from drawplate.emulators.faults.schedule import CALL_EVENT
from drawplate.emulators.state.change import CallRule
from drawplate.emulators.state.model import State


def is_awaited(rule: CallRule) -> bool:
    """Tell whether a rule has nothing to answer, but somebody waits for its call."""
    return rule.result is None and not rule.delay_ms and rule.count is not None


def tell(state: State, rule: CallRule, device: str | None = None) -> None:
    """Tell that the call of an awaited rule came, after those that pass.

    What waits for it is done when this returns, so the call itself is already answered by it.
    """
    with state.change(f"call of {rule.call}") as change:
        change.emit(CALL_EVENT, device, owner=rule.owner, surface=rule.surface, call=rule.call)
