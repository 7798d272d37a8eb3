#!/usr/bin/env python3
"""Does the real rbms package load this model file?  Prints what it read as JSON.

Exit status: 0 loaded; 1 not loaded (the message says why); 2 wrong use.
--require load_model or --require restore asks for more than the parameters: load_model also
needs chains, time and hyperparameters, restore also valid generator states.
"""
import argparse
import sys

from _common import digest, environment, report
import numpy as np
import torch

import rbms.io
from rbms.map_model import map_model
from rbms.utils import get_saved_updates

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("file")
p.add_argument("--checkpoint", type=int, help="default: the last")
p.add_argument("--require", choices=("load_params", "load_model", "restore"), default="load_params")
o = p.parse_args()
cpu = torch.device("cpu")


def why(e):
    return f"{type(e).__name__}: {' '.join(str(e).split())[:300]}"


try:
    updates = [int(u) for u in get_saved_updates(o.file)]
    if not updates:
        raise ValueError("no update_<N> group")
    index = o.checkpoint if o.checkpoint is not None else updates[-1]
    params = rbms.io.load_params(o.file, index, cpu, torch.float64)
except Exception as e:
    print(f"check_model: rbms cannot load {o.file}: {why(e)} (model types it knows: {', '.join(map_model)})",
          file=sys.stderr)
    sys.exit(1)

q = params.weight_matrix.shape[1] if params.weight_matrix.dim() == 3 else None
zero = torch.zeros(1, params.num_visibles(), dtype=torch.float64)
top = torch.full_like(zero, 1.0 if q is None else q - 1.0)
out = {"file": o.file, "model_type": params.name, "checkpoints": updates, "checkpoint": index,
       "num_visibles": params.num_visibles(), "num_hiddens": params.num_hiddens(), "num_states": q,
       "parameters": {n: digest(t.numpy()) for n, t in params.named_parameters().items()},
       "free_energy_of_lowest_state": params.compute_energy_visibles(zero).item(),
       "free_energy_of_highest_state": params.compute_energy_visibles(top).item(),
       "reference_log_z": params.ref_log_z(), "load_params": "ok"}
for name, restore in (("load_model", False), ("restore", True)):
    try:
        _, chains, seconds, hyper = rbms.io.load_model(o.file, index, cpu, torch.float64, restore=restore)
        out[name] = "ok"
        out["parallel_chains"] = digest(chains["visible"].numpy())
        out["time"] = seconds
        out["hyperparameters"] = hyper
    except Exception as e:
        out[name] = why(e)
out["environment"] = environment()
report(out)
if out[o.require] != "ok":
    print(f"check_model: {o.require} failed: {out[o.require]}", file=sys.stderr)
    sys.exit(1)
