#!/usr/bin/env bash
# Trains a restricted Boltzmann machine on spins of the square-lattice Ising model at its critical
# temperature, judges it, and draws the report: demo-run/report.html.
set -euo pipefail
cd "$(dirname "$0")/.."

szilard=.build/release/szilard
[ -x "$szilard" ] || {
  echo "demo: no $szilard; run 'make build' first" >&2
  exit 1
}

step() {
  echo "+ szilard $*"
  "$szilard" "$@"
}

begin=$SECONDS
step train ising:size=16,samples=50000 --run demo-run --overwrite --hidden 384 \
  --learning-rate 0.01 --schedule linear:0.02 --updates 8000 --seed 1
# New configurations of the same law. Kaufman's solution of the finite torus gives their exact
# log-likelihood, which is printed beside the model's.
step evaluate demo-run --data ising:size=16,samples=10000,seed=2 --seed 2
echo "training and evaluation: $((SECONDS - begin)) s"
step report demo-run
echo "The report is demo-run/report.html."
