#!/usr/bin/env python3
"""A Gibbs sweep in PyTorch, and sgemm in NumPy and PyTorch, on the CPU.

One sweep of a Bernoulli RBM is h ~ bernoulli(sigmoid(vW + b)), v ~ bernoulli(sigmoid(hW' + a)).
Spellings: "sweep" as most programs have it; "sweep_fused" with addmm and in-place draws;
"sweep_uniform" draws by comparing with uniform numbers (torch.bernoulli is serial on the CPU);
"sweep_onednn" the same with torch's oneDNN product by a private function, as on AMD its public
one (MKL) does not use AVX-512.  Prints one JSON object.  --threads may be given several times.
"""
import argparse

from _common import environment, measure, numpy_threads, report, set_numpy_threads
import numpy as np
import torch

p = argparse.ArgumentParser(description=__doc__)
p.add_argument("--visibles", type=int, default=784)
p.add_argument("--hiddens", type=int, default=512)
p.add_argument("--chains", type=int, default=1000)
p.add_argument("--threads", type=int, action="append")
p.add_argument("--repeats", type=int, default=200)
o = p.parse_args()
nv, nh, n = o.visibles, o.hiddens, o.chains

torch.manual_seed(1)
W = torch.randn(nv, nh) * 0.05
Wt = W.T.contiguous()
a, b = torch.randn(nv) * 0.1, torch.randn(nh) * 0.1
v0 = (torch.rand(n, nv) < 0.3).float()
state = {"v": v0.clone()}


def sweep():
    h = torch.bernoulli(torch.sigmoid(state["v"] @ W + b))
    state["v"] = torch.bernoulli(torch.sigmoid(h @ W.T + a))


def sweep_fused():  # the quickest spelling found: one addmm each way, in-place sigmoid and draw
    h = torch.addmm(b, state["v"], W).sigmoid_()
    h = torch.bernoulli(h, out=h)
    v = torch.addmm(a, h, Wt).sigmoid_()
    state["v"] = torch.bernoulli(v, out=v)


def compare_with_uniform():  # the draw as a comparison with uniform numbers
    h = (torch.rand(n, nh) < torch.addmm(b, state["v"], W).sigmoid_()).float()
    state["v"] = (torch.rand(n, nv) < torch.addmm(a, h, Wt).sigmoid_()).float()


def onednn(x, w, bias):  # torch's own oneDNN product, through a private function
    return torch._C._nn.mkldnn_linear(x.to_mkldnn(), w, bias).to_dense()


def sweep_onednn():
    h = (torch.rand(n, nh) < onednn(state["v"], Wmt, b).sigmoid_()).float()
    state["v"] = (torch.rand(n, nv) < onednn(h, Wm, a).sigmoid_()).float()


def gflops(ms, m=n, k=nv, c=nh):
    return round(2.0 * m * k * c / ms / 1e6, 1)


spellings = [("sweep", sweep), ("sweep_fused", sweep_fused), ("sweep_uniform", compare_with_uniform)]
try:
    Wm, Wmt = W.to_mkldnn(), Wt.to_mkldnn()
    assert torch.allclose(onednn(v0, Wmt, b), v0 @ W + b, atol=1e-3)
    spellings.append(("sweep_onednn", sweep_onednn))
except Exception:
    pass

results = []
with torch.inference_mode():
    A, C = v0.numpy().copy(), np.empty((n, nh), np.float32)
    B = W.numpy().copy()
    x = torch.empty(n, nh)
    probs = torch.full((n, nh), 0.3)
    env = environment()
    for t in o.threads or [1, 2]:
        torch.set_num_threads(t)
        r = {"torch_threads": torch.get_num_threads()}
        for name, f in spellings:
            state["v"] = v0.clone()
            m = measure(f, o.repeats)
            m["unit_updates_per_second_best"] = round(n * (nv + nh) / m["best_ms"] * 1e3)
            r[name] = m
        m = measure(lambda: torch.mm(v0, W, out=x), o.repeats)
        r["torch_sgemm"] = dict(m, gflops_best=gflops(m["best_ms"]), gflops_median=gflops(m["median_ms"]))
        if len(spellings) == 4:
            vm = v0.to_mkldnn()
            m = measure(lambda: torch._C._nn.mkldnn_linear(vm, Wmt, b), o.repeats)
            r["torch_onednn_sgemm"] = dict(m, gflops_best=gflops(m["best_ms"]), gflops_median=gflops(m["median_ms"]))
        r["torch_bernoulli"] = measure(lambda: torch.bernoulli(probs, out=x), o.repeats)
        r["torch_sigmoid"] = measure(lambda: torch.sigmoid(probs, out=x), o.repeats)
        if set_numpy_threads(t):
            m = measure(lambda: np.matmul(A, B, out=C), o.repeats)
            r["numpy_sgemm"] = dict(m, threads=numpy_threads(), gflops_best=gflops(m["best_ms"]),
                                    gflops_median=gflops(m["median_ms"]))
        results.append(r)
report({"benchmark": "gibbs_sweep", "visibles": nv, "hiddens": nh, "chains": n, "dtype": "float32",
        "environment": env, "results": results})
