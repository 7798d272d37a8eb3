#!/usr/bin/env python3
"""How often the 95 % interval of ln Z contains the enumerated truth, by strength of the couplings.

For each scale, random 0/1 machines (normal parameters of that scale) are evaluated by annealing and
exactly. Prints a table: machines, resolved, covered, and the binomial 99.9 % band around 95 %.
Needs numpy and scipy. Usage: coverage.py [--machines 400] [--temperatures 60] [--chains 128]
[--method bar] [--scales 0.3 1 2.5 5 10]
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

import numpy as np
from scipy import stats

p = argparse.ArgumentParser(description=__doc__)
p.add_argument("--machines", type=int, default=400)
p.add_argument("--temperatures", type=int, default=60)
p.add_argument("--chains", type=int, default=128)
p.add_argument("--units", type=int, default=8)
p.add_argument("--method", default="bar", help="bar (both ways) or ais (forward only)")
p.add_argument("--scales", type=float, nargs="+", default=(0.3, 1.0, 2.5, 5.0, 10.0))
o = p.parse_args()
szilard = pathlib.Path(__file__).resolve().parent.parent / ".build/release/szilard"


def log_z(path, *more):
    done = subprocess.run([str(szilard), "evaluate", path, "--json", "--threads", "1", *map(str, more)],
                          text=True, capture_output=True)
    return json.loads(done.stdout)["logPartitionFunction"]


print("scale  machines  resolved  covered  share   99.9 % band")
with tempfile.TemporaryDirectory() as folder:
    for scale in o.scales:
        resolved = covered = 0
        for seed in range(o.machines):
            rng = np.random.default_rng([seed, int(10 * scale)])
            n = o.units
            path = f"{folder}/m.npz"
            np.savez(path, weights=rng.normal(0, scale, (n, n)).astype("f4"),
                     visible_bias=rng.normal(0, scale, n).astype("f4"),
                     hidden_bias=rng.normal(0, scale, n).astype("f4"))
            truth = log_z(path, "--method", "exact")["value"]
            guess = log_z(path, "--method", o.method, "--seed", seed, "--chains", o.chains,
                          "--temperatures", o.temperatures)
            if guess["verdict"] == "resolved":
                resolved += 1
                covered += guess["interval"][0] <= truth <= guess["interval"][1]
        low, high = stats.binom.interval(0.999, resolved, 0.95) if resolved else (0, 0)
        print(f"{scale:5.1f}  {o.machines:8d}  {resolved:8d}  {covered:7d}  {covered / max(1, resolved):.3f}"
              f"   {low:.0f}..{high:.0f}")
