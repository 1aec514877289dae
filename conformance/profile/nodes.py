"""What a profile's author can do to nodes of an existing cluster that Drawplate cannot."""

from drawplate.conformance.profile.section import Argv, Seconds, Section


class Nodes(Section):
    """Commands that this machine runs, for clusters whose nodes are not ours to control."""

    restart_kubelet: Argv = ()
    """Restarts the kubelet of the node {nodeName}: ssh {nodeName} systemctl restart kubelet."""
    reboot: Argv = ()
    """Reboots the node {nodeName}, and may return before it is back."""
    timeout: Seconds = 600.0
    """Within what time the node is back, for example 10m."""
