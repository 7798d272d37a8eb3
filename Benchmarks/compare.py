#!/usr/bin/env python3
"""Szilard beside its peers on this machine, in one run: ratios, never bare times.

Runs `szilard benchmark` and the scripts of Benchmarks/peers/ in turn, several rounds, so that both
meet the same load; compares best with best. Without PyTorch and rbms (no network) only Szilard's
own figures are printed. Usage: compare.py [--rounds N] [--json]
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile

here = pathlib.Path(__file__).resolve().parent
root = here.parent
p = argparse.ArgumentParser(description=__doc__)
p.add_argument("--rounds", type=int, default=2)
p.add_argument("--json", action="store_true")
o = p.parse_args()

environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
python = os.environ.get("SZILARD_PEERS_PYTHON", str(here / "peers/.venv/bin/python"))
if not os.path.exists(python):
    print(subprocess.run(["sh", here / "peers/setup.sh"], text=True, capture_output=True).stdout, end="")


def run(*command):
    done = subprocess.run([str(c) for c in command], text=True, capture_output=True, env=environment)
    if done.returncode != 0:
        raise SystemExit(f"{command}: {done.stderr}")
    return json.loads(done.stdout)


ours, theirs, device = {}, {}, {}


def keep(table, key, value, larger=False):
    old = table.get(key)
    table[key] = value if old is None else (max if larger else min)(old, value)


for round_ in range(o.rounds):
    last = round_ == o.rounds - 1
    own = run(root / ".build/release/szilard", "benchmark", "--json", *(["--annealing"] if last else []))
    device = {"kernels": own["kernels"], "blas": own["blas"], "loadavg": os.getloadavg()[0]}
    for t in own["timings"]:
        keep(ours, (t["name"], t["threads"]), t["best"], larger="GFLOP" in t["unit"] or "steps/s" in t["unit"])
    if not os.path.exists(python):
        continue
    for threads in (1, 2):
        sweep = run(python, here / "peers/sweep.py", "--threads", threads, "--repeats", 60)["results"][0]
        for name in ("sweep", "sweep_fused", "sweep_uniform", "sweep_onednn"):
            keep(theirs, (name, threads), sweep[name]["best_ms"])
        update = run(python, here / "peers/pcd_update.py", "--threads", threads, "--repeats", 25, "--loop", 0)
        keep(theirs, ("rbms", threads), update["results"][0]["update"]["best_ms"])
    for one in run(python, here / "peers/sgld.py")["results"]:
        if "batch" in one:
            keep(theirs, (one["program"], one["batch"], one["chains"]), one["best_steps_per_second"], larger=True)

    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([str(root / ".build/release/szilard"), "benchmark", "--networks", folder], check=True,
                       env=environment)
        for threads in (1, 2):
            one = run(python, here / "peers/networks.py", "--check", folder, "--threads", threads)["results"][0]
            for name, checked in one["checks"].items():
                if not checked["agrees"]:
                    raise SystemExit(f"PyTorch has another network than Szilard: {name}: {checked}")
            best = min(one["convolution"]["best_ms"], one["convolution_channels_last"]["best_ms"])
            keep(theirs, ("convolution", threads), best)
            keep(theirs, ("residual", threads), one["residual"]["best_ms"])
            keep(theirs, ("radial", threads), one["radial"]["best_ms"])

rows = []


def row(what, value, unit, ratio=None, beside="", wanted=None):
    rows.append(dict(what=what, value=value, unit=unit, ratio=ratio, beside=beside, wanted=wanted))


peak = ours["multiply-add peak", 1]
product = ours["table product 1000x784x512", 1]
gemm = ours["sgemm 1000x784x512", 1]
row("table product, 1 thread", product, "GFLOP/s-eq", product / peak, "multiply-add peak", 1.8)
row("table product, 1 thread", product, "GFLOP/s-eq", product / gemm, "sgemm " + device["blas"], 2.5)
sweep, update = "Gibbs sweep 784x512, 1000 chains", "PCD-10 update 784x500, 500 chains, batch 500"
for threads in (1, 2):
    if (sweep, threads) not in ours:
        continue
    for name, wanted in (("sweep", 12), ("sweep_fused", None), ("sweep_uniform", None), ("sweep_onednn", None)):
        if (name, threads) in theirs:
            row(f"{sweep}, {threads} threads", ours[sweep, threads], "ms",
                theirs[name, threads] / ours[sweep, threads], f"PyTorch {name}", wanted)
    if ("rbms", threads) in theirs:
        row(f"{update}, {threads} threads", ours[update, threads], "ms",
            theirs["rbms", threads] / ours[update, threads], "rbms 0.5.0", 10)
    if not theirs:
        row(f"{sweep}, {threads} threads", ours[sweep, threads], "ms")
        row(f"{update}, {threads} threads", ours[update, threads], "ms")
for batch in (100, 1000):
    langevin = f"SGLD logistic 100000x100, batch {batch}"
    if (langevin, 1) not in ours:
        continue
    for chains in (1, 2):
        for program in ("posteriors", "BlackJAX"):
            if (program, batch, chains) in theirs and (langevin, chains) in ours:
                row(f"{langevin}, {chains} chains", ours[langevin, chains], "steps/s",
                    ours[langevin, chains] / theirs[program, batch, chains],
                    f"{program}, as many chains on both cores", 5)
    if not theirs:
        row(f"{langevin}, 1 chain", ours[langevin, 1], "steps/s")
for key, name, wanted in (("convolution", "training step, convolution 28x28, batch 128", 1),
                          ("residual", "training step, residual network 2-128, batch 512", 1),
                          ("radial", "1000 samples, radial basis 2-16-4, T = 40", 5)):
    for threads in (1, 2):
        if (name, threads) not in ours:
            continue
        if (key, threads) in theirs:
            row(f"{name}, {threads} threads", ours[name, threads], "ms", theirs[key, threads] / ours[name, threads],
                "PyTorch", wanted)
        else:
            row(f"{name}, {threads} threads", ours[name, threads], "ms")
for name in (sweep, update):
    if (name, 2) in ours:
        row(name, ours[name, 2], "ms", ours[name, 1] / ours[name, 2], "one thread", 1.8)
for (name, threads), value in ours.items():
    if name.startswith("AIS"):
        row(f"{name}, {threads} threads", value, "s", wanted=None)

if o.json:
    print(json.dumps(dict(device=device, rows=rows), indent=1))
else:
    print(f"kernels {device['kernels']}, BLAS {device['blas']}, load {device['loadavg']:.1f}")
    for r in rows:
        ratio = "" if r["ratio"] is None else f"{r['ratio']:7.2f} x {r['beside']}"
        goal = "" if r["wanted"] is None else f"  (wanted {r['wanted']}: {'yes' if r['ratio'] >= r['wanted'] else 'NO'})"
        print(f"{r['what']:58s} {r['value']:9.3f} {r['unit']:10s} {ratio}{goal}")
