#!/bin/sh
# Moves the interface $1 of the host into a container's network namespace, where it is called $2.
#
# For createRuntime hooks of OCI runtimes: they run in the host's namespaces, with the state of the
# container on the standard input. Containers of one pod share the namespace, so the second one,
# or one that starts again, finds the interface there.
set -eu
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
host=$1
name=$2
# Seconds. A namespace that ended gives its interfaces back a little later.
patience=10

pid=$(tr -d '\n' | sed -n 's/.*"pid" *: *\([0-9][0-9]*\).*/\1/p')
inside() { nsenter "--net=/proc/$pid/ns/net" "$@"; }
exists() { "$@" ip link show dev "$name" >/dev/null 2>&1; }

waited=0
until ip link show dev "$host" >/dev/null 2>&1; do
  if exists inside; then
    # Whoever moved it may not have come to the end.
    inside ip link set dev "$name" up
    exit 0
  fi
  if [ "$waited" -ge "$patience" ]; then
    echo "the interface $host is not on the host: another pod has it, or it is gone" >&2
    exit 1
  fi
  waited=$((waited + 1))
  sleep 1
done

# The move takes the addresses off, those of the administrator too.
addresses=$(ip -oneline address show dev "$host" scope global permanent |
  sed -n 's/.* inet6\{0,1\} \([^ ]*\) .*/\1/p')
ip link set dev "$host" down
ip link set dev "$host" netns "$pid" name "$name"
for address in $addresses; do
  inside ip address add "$address" dev "$name"
done
inside ip link set dev "$name" up
