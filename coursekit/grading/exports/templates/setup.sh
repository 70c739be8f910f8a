#!/usr/bin/env bash
# Builds the grader's environment. Gradescope runs this once, when it makes the container's image.
set -euo pipefail
root="${COURSEKIT_AUTOGRADER:-/autograder}"
source="$root/source"
export XDG_CACHE_HOME="$root/cache" DEBIAN_FRONTEND=noninteractive

usable() { command -v "$1" > /dev/null && "$1" -c 'import sys, venv, ensurepip; assert (3, 11) <= sys.version_info < (3, 14)' 2> /dev/null; }

python="${PYTHON:-}"
for name in python3.12 python3.11 python3.13 python3; do
  [ -n "$python" ] && break
  if usable "$name"; then python="$name"; fi
done
if [ -z "$python" ]; then
  apt-get update
  for name in python3.12 python3.11; do
    if apt-get install -y "$name" "$name-venv"; then python="$name"; break; fi
  done
fi
if [ -z "$python" ]; then
  echo "coursekit needs Python 3.11 or 3.12: choose Ubuntu 24.04 or 22.04 as the base image." >&2
  exit 1
fi

"$python" -m venv "$root/venv"
"${PIP:-$root/venv/bin/pip}" install --no-cache-dir -c "$source/constraints.txt" "$source"/wheels/coursekit-*.whl
mkdir -p "$XDG_CACHE_HOME"
chmod 700 "$source" "$XDG_CACHE_HOME"
chmod 600 "$source/secret_seed"
"$root/venv/bin/python" -I -m coursekit.grading.exports.autograder_run --prepare "$root" \
  || echo "Mistakes are not known beforehand: the first wrong answers take longer." >&2
