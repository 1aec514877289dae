#!/bin/sh
# Shows a container the emulated entries of /proc that lie in the folder $1.
#
# For createContainer hooks of OCI runtimes: they run in the container's mount namespace before its
# root is changed, so files of the node and of the container are both there. As mounts of the
# container's configuration these would be refused, since they are inside /proc.
set -eu
string() { sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"; }
state=$(cat | tr -d '\n')
bundle=$(printf '%s' "$state" | string bundle)
root=$(tr -d '\n' <"$bundle/config.json" | sed -n 's/.*"root" *: *{\([^}]*\)}.*/\1/p' | string path)
case $root in
  /*) ;;
  *) root=$bundle/$root ;;
esac
for entry in "$1"/*; do
  target=$root/proc/${entry##*/}
  if [ -e "$target" ]; then
    mount --rbind "$entry" "$target"
  fi
done
