#!/usr/bin/env bash
# Certifies a driver in a CI, whichever it is, without a container of ours:
#
#     DRAWPLATE_PROFILE=ci/my-driver.yaml bash CHECKOUT/conformance/ci/certify.sh
#
# from a checkout of Drawplate, or where the Python package is installed:
# bash "$(drawplate ci script)". All that it does is told by environment variables:
#
#   DRAWPLATE_PROFILE       the profile: a file, or the name of a shipped one (must be given)
#   DRAWPLATE_IMAGES        the driver's images, by white space: [ARCHIVE=]SOURCE; SOURCE is an
#                           archive, or a reference that docker or podman has or can pull; ARCHIVE
#                           is its name in the profile's deploy.manifests.images
#   DRAWPLATE_PROVIDER      kind (default), local or existing
#   DRAWPLATE_NODES         how many nodes
#   DRAWPLATE_KUBERNETES    version, such as 1.37
#   DRAWPLATE_GATES         default, all-beta or all-alpha
#   DRAWPLATE_HEIGHT        bench, cluster or all
#   DRAWPLATE_SELECT        requirements to check, by white space; all when empty
#   DRAWPLATE_ACCEPT_KNOWN  true: known failures of the profile alone do not fail the job
#   DRAWPLATE_ARGS          more arguments of `drawplate certify`, by white space; no quoting
#   DRAWPLATE_OUT           report folder (default: drawplate-report)
#   DRAWPLATE_CACHE         folder of what is kept between runs, as XDG_CACHE_HOME
#
# The report folder gets report.html, report.json, junit.xml, evidence/, summary.md, certify.log,
# and logs/ when the set-up or the suite failed. The exit code is the gate: 0 conformant, 1 not
# conformant, 2 inconclusive, 3 set-up problem, 4 error of the suite, 130 interrupted.
#
# With the argument `cache` it prints the key and the folders to keep between runs, a folder in each
# line after the first, and certifies nothing.
set -euo pipefail

mode=certify
code=4 # what goes wrong unforeseen is no verdict
began=$SECONDS
interrupted=0
scratch='' log_writer='' token='' drawplate=''
as_root=() images=()
trap leave EXIT
trap 'code=130; exit' INT TERM HUP

say() { printf '[%4ds] %s\n' $((SECONDS - began)) "$*"; }

# fail WHAT WHERE CURE
fail() {
  printf 'drawplate: %s\n  where  %s\n  cure   %s\n' "$@" >&2
  code=3
  exit
}

leave() {
  trap - EXIT
  trap '' INT TERM HUP
  [ "$mode" = cache ] || publish || true
  # What was printed must be in the log; whoever else holds the pipe is not waited for.
  if [ -n "$log_writer" ]; then
    exec >&3 2>&4
    timeout 10 tail --pid="$log_writer" -f /dev/null || true
  fi
  [ -z "$scratch" ] || rm -rf "$scratch"
  exit "$code"
}

# Hands on what came of it, as far as the set-up came.
publish() {
  [ -z "$token" ] || echo "::$token::"
  # First what needs no program of ours.
  [ -z "${GITHUB_OUTPUT:-}" ] || echo "exit-code=$code" >>"$GITHUB_OUTPUT"
  [ -n "$drawplate" ] && [ -n "$log_writer" ] || return 0
  collect_logs || true
  give_back || true
  local options=()
  [ -f "$scratch/began" ] || options=(--untested)
  "$drawplate" ci publish "$out" --exit-code "$code" "${options[@]}"
}

absolute() { case $1 in /*) printf '%s' "$1" ;; *) printf '%s' "$PWD/$1" ;; esac }

# Reads what is to be done, and refuses at once what cannot be meant.
read_wishes() {
  profile=${DRAWPLATE_PROFILE:-}
  [ -n "$profile" ] || [ "$mode" = cache ] || fail 'no profile is given' 'DRAWPLATE_PROFILE (of the action: profile)' \
    "give the path of your driver's profile; \`drawplate profile init\` writes a first one"
  case $profile in
    */* | *.yaml | *.yml | *.yaml@* | *.yml@*) profile=$(absolute "$profile") ;;
    *) [ ! -f "$profile" ] || profile=$(absolute "$profile") ;;
  esac
  provider=${DRAWPLATE_PROVIDER:-kind}
  height=${DRAWPLATE_HEIGHT:-all}
  out=$(absolute "${DRAWPLATE_OUT:-drawplate-report}")
  arguments=(--height "$height" --provider "$provider" --out "$out")
  [ -z "${DRAWPLATE_NODES:-}" ] || arguments+=(--nodes "$DRAWPLATE_NODES")
  [ -z "${DRAWPLATE_KUBERNETES:-}" ] || arguments+=(--kubernetes "$DRAWPLATE_KUBERNETES")
  [ -z "${DRAWPLATE_GATES:-}" ] || arguments+=(--gates "$DRAWPLATE_GATES")
  case ${DRAWPLATE_ACCEPT_KNOWN:-false} in
    true) arguments+=(--accept-known) ;;
    false) ;;
    *) fail "'$DRAWPLATE_ACCEPT_KNOWN' is neither true nor false" \
      'DRAWPLATE_ACCEPT_KNOWN (of the action: accept-known)' 'write true or false' ;;
  esac
  local words
  split words "${DRAWPLATE_SELECT:-}"
  [ ${#words[@]} = 0 ] || arguments+=(--select "${words[@]}")
  split words "${DRAWPLATE_ARGS:-}"
  arguments+=("${words[@]}")
  split images "${DRAWPLATE_IMAGES:-}"
}

# split NAME TEXT: the words of a text as the array NAME, no character of them obeyed.
split() {
  local -n _words=$1
  IFS=$' \t\n' read -r -d '' -a _words <<<"$2" || true
}

# A cluster is made by root; the bench, and somebody else's cluster, need no more than a user.
find_rights() {
  [ -z "${DRAWPLATE_CACHE:-}" ] || XDG_CACHE_HOME=$(absolute "$DRAWPLATE_CACHE")
  if [ "$(id -u)" != 0 ] && [ "$height" != bench ] && [ "$provider" != existing ]; then
    sudo -n -E -H env true >/dev/null 2>&1 || fail \
      'clusters are made by root, and this user may not use sudo without a password' \
      "user $(id -un), provider $provider" \
      'run the job as root, let the user use sudo, or ask for the height bench'
    # What root writes into the user's caches would be in the way of the job's other steps.
    XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache/drawplate-ci}
    mkdir -p "$XDG_CACHE_HOME/drawplate"
    as_root=(sudo -n -E -H env "PATH=$PATH" "XDG_CACHE_HOME=$XDG_CACHE_HOME" PYTHONDONTWRITEBYTECODE=1)
  fi
  [ -z "${XDG_CACHE_HOME:-}" ] || export XDG_CACHE_HOME
}

# Gives the program in `drawplate`: that of the checkout that holds this script, else the installed.
find_drawplate() {
  local checkout
  checkout=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
  if [ -f "$checkout/run" ] && [ -f "$checkout/pyproject.toml" ]; then
    # First as the user, whose environment it then is; then again for missing system packages.
    attempt "$checkout/run" --version
    [ ${#as_root[@]} = 0 ] || attempt "${as_root[@]}" "$checkout/run" --version
    drawplate=$checkout/.venv/bin/drawplate
  else
    drawplate=$(command -v drawplate) || fail 'drawplate is not installed' "PATH=$PATH" \
      'install the Python package, or call this script in a checkout of Drawplate'
  fi
}

# Runs a step of the set-up, whose failure is a set-up problem whatever status it has.
attempt() { "$@" || { code=3; exit; }; }

open_log() {
  { mkdir -p "$out" && : >"$out/certify.log"; } 2>/dev/null || fail \
    'the report folder cannot be written' "$out" 'give another with DRAWPLATE_OUT (of the action: out)'
  mkfifo "$scratch/log"
  exec 3>&1 4>&2
  # It outlives a signal to all of the job: the end of the log says what came of it.
  (trap '' INT TERM HUP && exec tee "$out/certify.log" <"$scratch/log") &
  log_writer=$!
  exec >"$scratch/log" 2>&1
}

prepare() {
  local image options=()
  for image in "${images[@]}"; do options+=("--image=$image"); done
  attempt "$drawplate" ci prepare "$profile" --out "$out" "${options[@]}"
}

# GitHub obeys lines of a log that begin with ::, and this log quotes drivers.
obey_nothing() {
  [ "${GITHUB_ACTIONS:-}" = true ] || return 0
  token=drawplate-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  echo "::stop-commands::$token"
}

certify() {
  say "certifying $profile: ${arguments[*]}"
  touch "$scratch/began"
  trap interrupt INT TERM HUP
  # Without a terminal, which sudo would want to own, and not deaf to interruptions, as jobs are.
  # shellcheck disable=SC2016
  setsid env --default-signal=INT,QUIT "${as_root[@]}" bash -c 'echo $$ >"$1"; shift; exec "$@"' drawplate "$scratch/pid" \
    "$drawplate" certify "$profile" "${arguments[@]}" </dev/null 3>&- 4>&- &
  local seen=-1 child=$!
  while [ "$seen" != "$interrupted" ]; do
    seen=$interrupted
    code=0
    wait "$child" || code=$?
  done
  trap 'code=130; exit' INT TERM HUP
  # Programs that fail before ours begins leave with 1 too, and that must not read as a verdict.
  case $code in
    0 | 1 | 2) [ -f "$out/report.json" ] || code=4 ;;
    3 | 4 | 130) ;;
    *) code=4 ;;
  esac
}

interrupt() {
  interrupted=$((interrupted + 1))
  say 'interrupted: waiting until everything is tidy'
  [ ! -s "$scratch/pid" ] || "${as_root[@]}" kill -INT "$(cat "$scratch/pid")" || true
}

# What may say why there is no verdict: the logs that were written during this run.
collect_logs() {
  case $code in 3 | 4) [ -f "$scratch/began" ] || return 0 ;; *) return 0 ;; esac
  mkdir -p "$out/logs"
  # shellcheck disable=SC2016
  "${as_root[@]}" bash -c '
    for place in "${XDG_CACHE_HOME:-$HOME/.cache}" "${XDG_STATE_HOME:-$HOME/.local/state}"; do
      cd "$place" 2>/dev/null && [ -d drawplate ] || continue
      find drawplate -name "*.log" -newer "$2" -exec cp --parents -t "$1" {} +
    done' drawplate "$out/logs" "$scratch/began"
}

give_back() {
  [ ${#as_root[@]} != 0 ] || return 0
  local kept=() folder
  while IFS= read -r folder; do
    [ ! -d "$folder" ] || kept+=("$folder")
  done < <("$drawplate" ci cache --folders)
  "${as_root[@]}" chown -R "$(id -u):$(id -g)" "$out" "${kept[@]}"
}

print_cache() {
  local key folders
  key=$("$drawplate" ci cache --key --provider "$provider" --height "$height" \
    --kubernetes "${DRAWPLATE_KUBERNETES:-1.37}") || { code=3; exit; }
  folders=$("$drawplate" ci cache --folders)
  printf '%s\n%s\n' "$key" "$folders"
  [ -z "${GITHUB_OUTPUT:-}" ] || printf 'key=%s\nfolders<<END_OF_FOLDERS\n%s\nEND_OF_FOLDERS\n' \
    "$key" "$folders" >>"$GITHUB_OUTPUT"
}

case ${1:-} in
  '') ;;
  cache) mode=cache ;;
  *) fail "'$1' is no argument of this script" certify.sh \
    "give none, or 'cache'; what is to be done is told by environment variables" ;;
esac
read_wishes
find_rights
scratch=$(mktemp -d)
if [ "$mode" = cache ]; then
  find_drawplate
  print_cache
  code=0
  exit
fi
open_log
find_drawplate
prepare
obey_nothing
certify
