#!/usr/bin/env bash
# What the action runs: installs the program, unless it is there, and checks. Its inputs are in DOCKOPT_*.
set -euo pipefail

if ! command -v dockopt > /dev/null; then
  venv=$(mktemp -d)
  python3 -m venv "$venv"
  case $DOCKOPT_VERSION in
    latest) package=dockopt ;;
    *) package="dockopt==$DOCKOPT_VERSION" ;;
  esac
  "$venv/bin/pip" install --quiet --disable-pip-version-check "$package"
  PATH="$venv/bin:$PATH"
fi

# Without a delimiter all lines are read, and the end of the text counts as a failure.
read -rd '' -a paths <<< "$DOCKOPT_PATHS" || true
read -rd '' -a arguments <<< "$DOCKOPT_ARGS" || true
arguments+=(--format github --fail-on "$DOCKOPT_FAIL_ON")
if [ -n "$DOCKOPT_SARIF" ]; then
  arguments+=(--output-file "sarif=$DOCKOPT_SARIF")
fi
dockopt check "${arguments[@]}" -- "${paths[@]}"
