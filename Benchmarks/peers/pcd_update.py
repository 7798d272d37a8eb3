#!/usr/bin/env python3
"""One PCD-k update of the rbms package, through its own functions.

"update" is what the body of its training loop does apart from writing files: draw a batch,
fit_batch_pcd (chains moved k steps, gradient), optimiser step.  "train_loop" is the package's
train() itself, two runs of different length, per update of the difference: it also rewrites a
dataset of the model file at every update.  Prints one JSON object.
"""
import argparse
import contextlib
import io
import os
import tempfile
import time

from _common import environment, measure, report
import numpy as np
import torch
from torch.optim import SGD

import rbms.training.pcd as pcd
from rbms.bernoulli_bernoulli.classes import BBRBM
from rbms.dataset.dataset_class import RBMDataset

p = argparse.ArgumentParser(description=__doc__)
p.add_argument("--visibles", type=int, default=784)
p.add_argument("--hiddens", type=int, default=500)
p.add_argument("--chains", type=int, default=500)
p.add_argument("--batch", type=int, default=500)
p.add_argument("--steps", type=int, default=10)
p.add_argument("--samples", type=int, default=6000)
p.add_argument("--threads", type=int, action="append")
p.add_argument("--repeats", type=int, default=60)
p.add_argument("--loop", type=int, default=60, help="updates of the longer train() run; 0: leave it out")
o = p.parse_args()

rng = np.random.default_rng(1)
x = (rng.random((o.samples, o.visibles)) < rng.uniform(0.05, 0.6, o.visibles)).astype(np.float32)


def dataset():
    n = len(x)
    return RBMDataset(data=x, labels=-np.ones(n), weights=np.ones(n), names=np.arange(n), dataset_name="synthetic",
                      is_binary=True, device="cpu", dtype=torch.float32)


def train_seconds(updates, folder):
    args = dict(filename=os.path.join(folder, f"{updates}.h5"), num_updates=updates, overwrite=True, restore=False,
                device="cpu", dtype=torch.float32, seed=1, train_size=1.0, test_size=None, num_hiddens=o.hiddens,
                num_chains=o.chains, batch_size=o.batch, gibbs_steps=o.steps, learning_rate=0.01, log=False,
                L1=0.0, L2=0.0, beta=1.0, no_center=False, training_type="pcd")
    d = dataset()
    t = time.perf_counter()
    with contextlib.redirect_stderr(io.StringIO()):
        pcd.train(d, None, "BBRBM", args, torch.float32, np.array([updates]))
    return time.perf_counter() - t


results = []
env = environment()
for t in o.threads or [1, 2]:
    torch.set_num_threads(t)
    torch.manual_seed(1)
    data = dataset()
    params = BBRBM.init_parameters(o.hiddens, data, torch.device("cpu"), torch.float32)
    params.init_grad()
    optimizer = SGD(params.parameters(), lr=0.01, maximize=True)
    held = {"chains": params.init_chains(o.chains)}

    def update():
        i = torch.randperm(len(data))[: o.batch]
        batch = (data.data[i], data.weights[i])
        optimizer.zero_grad(set_to_none=False)
        held["chains"], _ = pcd.fit_batch_pcd(batch=batch, parallel_chains=held["chains"], params=params,
                                              gibbs_steps=o.steps, beta=1.0, centered=True)
        optimizer.step()

    with torch.no_grad():
        r = {"torch_threads": torch.get_num_threads(), "update": measure(update, o.repeats)}
    if o.loop:
        with tempfile.TemporaryDirectory() as folder:
            short = max(2, o.loop // 6)
            train_seconds(short, folder)
            each = [(train_seconds(o.loop, folder) - train_seconds(short, folder)) / (o.loop - short) * 1e3
                    for _ in range(3)]
        r["train_loop"] = {"best_ms": round(min(each), 4), "median_ms": round(float(np.median(each)), 4), "repeats": 3,
                           "updates": o.loop - short}
    results.append(r)
report({"benchmark": "rbms_pcd_update", "visibles": o.visibles, "hiddens": o.hiddens, "chains": o.chains,
        "batch": o.batch, "gibbs_steps": o.steps, "dtype": "float32", "environment": env, "results": results})
