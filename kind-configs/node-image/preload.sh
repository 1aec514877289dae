#!/bin/bash
# Unpacks the image archives below /preload/images into containerd's store, as containerd on a node
# would, and leaves the store as /preload/store.tar. Each archive has a file beside it with the further
# names of its image, one a line.
set -eu
cd /preload
export PATH=/preload/bin:$PATH CONTAINERD_NAMESPACE=k8s.io CONTAINERD_ADDRESS=/run/preload.sock

containerd --config containerd.toml >containerd.log 2>&1 &
daemon=$!
for _ in $(seq 300); do
  ctr version >/dev/null 2>&1 && break
  kill -0 "$daemon" 2>/dev/null || { tail -n 1 containerd.log >&2; exit 1; }
  sleep 0.1
done

for archive in images/*.tar; do
  ctr images import --local --discard-unpacked-layers "$archive"
  while read -r name also; do
    ctr images tag "$name" "$also"
  done <"${archive%.tar}.names"
done
ctr images list --quiet | sort >imported
# Layers that were unpacked are garbage by now, and are collected at some time; for one who removes an
# image in sync, before that returns.
ctr images tag "$(head -n 1 imported)" collect.invalid/garbage:1 >/dev/null
ctr images remove --sync collect.invalid/garbage:1 >/dev/null

# What is stopped in order has written everything.
kill "$daemon"
wait "$daemon" || true
rm -rf /var/lib/containerd/tmpmounts /var/lib/containerd/io.containerd.content.v1.content/ingest/*
tar --create --file store.tar.new --directory /var/lib containerd
chmod 644 store.tar.new imported
mv store.tar.new store.tar
