#!/usr/bin/env bash
# Trains a diffusion on MNIST, draws 10,000 digits and measures them: Parzen windows by the protocol of old tables, the
# bound in bits a dimension, the density of the flow. An hour and a quarter on two cores, most of it training.
# Usage: Examples/diffusion-mnist.sh [FOLDER OF THE MNIST FILES] [RUN FOLDER]
#
# The loss of flow matching spends the training on the large parts of a digit. Every number here follows from the seeds.
set -euo pipefail
cd "$(dirname "$0")/.."

data=${1:-../shared/data/mnist}
run=${2:-mnist-diffusion}
szilard=.build/release/szilard
test=$data/t10k-images-idx3-ubyte.gz
[ -x "$szilard" ] || make build

time "$szilard" diffusion train "$data/train-images-idx3-ubyte.gz" --run "$run" --held-out 0.05 --loss flow \
  --hidden 16,64,128 --blocks 1,1,3 --batch-size 64 --updates 32500 --seed 1
# Samples to the end, and samples with fresh noise on the way that end with the mean where little noise is left: windows
# reward smooth pictures.
time "$szilard" diffusion sample "$run" --count 10000 --output "$run-samples.npy" --seed 1
time "$szilard" diffusion sample "$run" --count 10000 --churn 20 --smallest-ratio 0.5 --output "$run-means.npy" --seed 1
for name in samples means; do
  "$szilard" diffusion evaluate "$run" --method parzen --generated "$run-$name.npy" --data "$test" --seed 1
done
time "$szilard" diffusion evaluate "$run" --data "$test" --samples 200 --seed 1
time "$szilard" diffusion evaluate "$run" --method ode --data "$test" --samples 32 --seed 1
"$szilard" diffusion report "$run" --data "$test"
