"""Which configuration of a claim applies to which of its devices."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from drawplate.driver.claims import Configuration
from drawplate.driver.prepared import Refusal
from drawplate.driver.sharing import EXCLUSIVE

FROM_CLASS = "FromClass"


class Scope:
    """Chooses settings: the class's configuration comes first, and of several the last one wins."""

    def __init__(self, parse: Callable[[Any], Mapping[str, str]]) -> None:
        self._parse = parse

    def settings(self, configurations: Sequence[Configuration], request: str) -> Mapping[str, str]:
        """Give the settings for a result of `request`. Raises Refusal when one is not valid.

        All that apply must be valid, also those that a later one overrides.
        """
        chosen = EXCLUSIVE
        for configuration in self.in_order(configurations):
            if self.applies(configuration, request):
                try:
                    chosen = self._parse(configuration.parameters)
                except Refusal as error:
                    raise Refusal(
                        f"opaque configuration for request {request!r}: {error}"
                    ) from None
        return chosen

    def in_order(self, configurations: Sequence[Configuration]) -> list[Configuration]:
        """Give those of the class first, each kind in the order of the allocation."""
        return sorted(configurations, key=lambda found: found.source != FROM_CLASS)

    def applies(self, configuration: Configuration, request: str) -> bool:
        """Tell whether it is for `request`: named itself, by its base name, or by nothing."""
        base = request.partition("/")[0]
        return not configuration.requests or bool({request, base} & {*configuration.requests})
