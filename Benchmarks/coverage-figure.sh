#!/bin/sh
# Redoes the table and the figure of the coverage of free energies (Documentation/Images/coverage).
# Usage: coverage-figure.sh [PYTHON]   PYTHON has numpy, scipy and pymbar 4; without it pymbar's data are kept.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
folder=$root/Documentation/Images/coverage
"$root/.build/release/szilard" benchmark --coverage >"$folder/szilard.dat.new"
mv "$folder/szilard.dat.new" "$folder/szilard.dat"
if [ $# -gt 0 ]; then
    "$1" "$root/Benchmarks/coverage-pymbar.py" >"$folder/pymbar.dat.new"
    mv "$folder/pymbar.dat.new" "$folder/pymbar.dat"
fi
cd "$folder" && gnuplot coverage.gp
grep -c BELOW szilard.dat && exit 2
exit 0
