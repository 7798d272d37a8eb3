#!/usr/bin/env bash
# Builds the command and sets its speed beside PyTorch and rbms, as ratios taken in one run. The
# OPENBLAS variables are dropped, because a wrong core type halves the speed of BLAS.
set -euo pipefail
cd "$(dirname "$0")/.."

unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
swift build -c release --product szilard
python3 Benchmarks/compare.py "$@"
