"""What Kubernetes takes for names and labels (k8s.io/apimachinery v0.37 util/validation)."""

import re

_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_DNS_LABEL = re.compile(_LABEL)
_SUBDOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_QUALIFIED = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?")

_LONGEST_LABEL = 63
_LONGEST_SUBDOMAIN = 253


def is_subdomain(name: str, longest: int = _LONGEST_SUBDOMAIN) -> bool:
    """Tell whether Kubernetes takes `name` for a DNS subdomain of at most `longest` characters."""
    return len(name) <= longest and _SUBDOMAIN.fullmatch(name) is not None


def is_dns_label(name: str) -> bool:
    """Tell whether Kubernetes takes `name` for a DNS label: for devices and namespaces."""
    return len(name) <= _LONGEST_LABEL and _DNS_LABEL.fullmatch(name) is not None


def is_pool_name(name: str) -> bool:
    """Tell whether Kubernetes takes `name` for a pool: DNS subdomains with slashes between them."""
    return len(name) <= _LONGEST_SUBDOMAIN and all(map(is_subdomain, name.split("/")))


def is_label_key(key: str) -> bool:
    """Tell whether Kubernetes takes `key` for the key of a label."""
    prefix, slash, name = key.rpartition("/")
    return (is_subdomain(prefix) or not slash) and bool(name) and is_label_value(name)


def is_label_value(value: str) -> bool:
    """Tell whether Kubernetes takes `value` for the value of a label; it may be empty."""
    return not value or (len(value) <= _LONGEST_LABEL and _QUALIFIED.fullmatch(value) is not None)
