#!/usr/bin/env bash
# Builds the documentation of all public modules as one static site. The first argument, if any, is
# the path at which the site will be served (for instance: szilard).
set -euo pipefail
cd "$(dirname "$0")/.."

site=.build/documentation
targets=(NumericalCore StochasticThermodynamics SpectralTheory Learning DataSets BoltzmannMachines StochasticGradients DiffusionModels Reporting Szilard)
options=()
for target in "${targets[@]}"; do options+=(--target "$target"); done
if [ $# -gt 0 ]; then options+=(--hosting-base-path "$1"); fi

mkdir -p "$site"
swift package --allow-writing-to-directory "$site" generate-documentation "${options[@]}" \
  --enable-experimental-combined-documentation --transform-for-static-hosting \
  --output-path "$site"
echo "The documentation is in $site; to read it: python3 -m http.server --directory $site"
