"""What makes up the parts of /proc that drivers add, in the order of building."""

from drawplate.emulators.procfs import capabilities, devices, modules, nvidia
from drawplate.emulators.tree.model import Contributor

CONTRIBUTIONS: tuple[Contributor, ...] = (devices, modules, nvidia, capabilities)
