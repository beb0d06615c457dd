#!/bin/bash
# Does so with all of them, so many at a time: all.sh N
set -euo pipefail
here=$(dirname "$0")
printf '%s\n' "$here"/../manifests/*.yaml | xargs -P "$1" -n 1 bash "$here/one.sh"
