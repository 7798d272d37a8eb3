#!/usr/bin/env bash
# Trains 500 hidden units on binarised MNIST and measures the test log-likelihood. About 15 minutes on
# two cores. Usage: Examples/mnist.sh [FOLDER OF THE MNIST FILES] [RUN FOLDER]
#
# Pixels are drawn once with their intensity as probability, as in Salakhutdinov and Murray 2008, whose
# CD25(500) machine has -86.34 nats. Every number here follows from the seeds.
set -euo pipefail
cd "$(dirname "$0")/.."

data=${1:-../shared/data/mnist}
run=${2:-mnist-run}
szilard=.build/release/szilard
[ -x "$szilard" ] || make build

time "$szilard" train "$data/train-images-idx3-ubyte.gz" --test "$data/t10k-images-idx3-ubyte.gz" \
  --binarize probabilities --run "$run" --hidden 500 --method pcd --gibbs-steps 10 --chains 500 \
  --batch-size 500 --learning-rate 0.1 --schedule linear:0.01 --updates 60000 \
  --evaluate-every 6000 --temperatures 4000 --seed 1
time "$szilard" evaluate "$run" --data "$data/t10k-images-idx3-ubyte.gz" --binarize probabilities \
  --temperatures 60000 --chains 500 --seed 6
"$szilard" sample "$run" --count 100 --output "$run/samples.npy" --from chains --sweeps 1000 --seed 2
"$szilard" report "$run"
