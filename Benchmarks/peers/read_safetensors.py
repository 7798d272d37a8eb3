#!/usr/bin/env python3
"""Names, types, shapes and sums of the tensors in a safetensors file, as JSON (1: unreadable)."""
import sys

from _common import digest, environment, report
import torch
from safetensors import safe_open

if len(sys.argv) != 2:
    sys.exit(__doc__)
try:
    tensors = {}
    with safe_open(sys.argv[1], framework="pt") as f:
        metadata = f.metadata()
        for name in sorted(f.keys()):
            t = f.get_tensor(name)
            tensors[name] = dict(dtype=str(t.dtype).removeprefix("torch."), **digest(t.to(torch.float64).numpy()))
except Exception as e:
    print(f"read_safetensors: {sys.argv[1]}: {type(e).__name__}: {e}", file=sys.stderr)
    sys.exit(1)
report({"file": sys.argv[1], "metadata": metadata, "tensors": tensors, "environment": environment()})
