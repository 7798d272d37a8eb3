#!/usr/bin/env bash
# Formats the Swift and C sources in place, or with --check says what is not formatted and fails.
# C is left alone where clang-format is not installed.
set -euo pipefail
cd "$(dirname "$0")/.."

check=
case "${1:-}" in
  "") ;;
  --check) check=yes ;;
  *)
    echo "usage: Scripts/format.sh [--check]" >&2
    exit 64
    ;;
esac

# sources SUFFIX... prints the files with these suffixes, each ended by a zero byte.
sources() {
  for root in Package.swift Sources Tests Benchmarks Examples; do
    [ -e "$root" ] || continue
    for suffix in "$@"; do
      find "$root" -name .build -prune -o -type f -name "*.$suffix" -print0
    done
  done
}

status=0
if [ -n "$check" ]; then
  sources swift | xargs -0 swift format lint --strict --parallel --configuration .swift-format \
    || status=1
else
  sources swift | xargs -0 swift format --in-place --parallel --configuration .swift-format
fi

if command -v clang-format >/dev/null 2>&1; then
  if [ -n "$check" ]; then
    sources c h | xargs -0 clang-format --dry-run -Werror || status=1
  else
    sources c h | xargs -0 clang-format -i
  fi
elif [ -n "$check" ]; then
  echo "format: no clang-format here, C sources not checked"
fi
exit $status
