#!/usr/bin/env bash
# Trains on genomes (HDF5) and on protein and RNA families (FASTA) and measures held-out likelihoods.
# About two minutes on two cores. Usage: Examples/biology.sh [FOLDER OF THE DATA] [FOLDER FOR THE RUNS]
set -euo pipefail
cd "$(dirname "$0")/.."

data=${1:-../shared/data}
runs=${2:-biology-runs}
szilard=.build/release/szilard
[ -x "$szilard" ] || make build
mkdir -p "$runs"

"$szilard" train "$data/genomes/hgd_4500x805.h5.gz" --run "$runs/genomes" --hidden 100 \
  --learning-rate 0.01 --updates 4000 --seed 1
"$szilard" train "$data/msa/RF00379.fasta" --run "$runs/rna" --hidden 100 --sequence-weights 0.8 \
  --updates 1000 --seed 1
"$szilard" train "$data/msa/kunitz_13600x53.fasta" --run "$runs/kunitz" --hidden 100 \
  --sequence-weights 0.8 --updates 3000 --seed 1
"$szilard" evaluate "$runs/genomes" --data "$data/genomes/hgd_4500x805.h5.gz" --seed 2
"$szilard" evaluate "$runs/rna" --data "$data/msa/RF00379.fasta" --seed 2
"$szilard" evaluate "$runs/kunitz" --data "$data/msa/kunitz_13600x53.fasta" --seed 2
for run in genomes rna kunitz; do "$szilard" report "$runs/$run"; done
"$szilard" sample "$runs/kunitz" --count 100 --output "$runs/kunitz.fasta" --sweeps 2000 --seed 3
