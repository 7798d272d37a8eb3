#!/usr/bin/env python3
"""Makes the small rbms model and data files that Szilard's readers are tested on.

Needs: rbms==0.5.0, torch, h5py, numpy.  Usage: python make_fixtures.py [OUTDIR]

Model files written by the real package (its own train() or save_model()):
    bbrbm.h5, pbrbm.h5             trained by rbms.training.pcd.train
    iirbm.h5, bgrbm.h5, igrbm.h5   rbms 0.5.0 has no such classes; parameters come from the
                                   small trainer below, the file from rbms.io.save_model
                                   (copied without the generator states)
Model files made by hand with h5py, after older layouts:
    legacy_update.h5   update_<N> without params group, no model_type   (Bernoulli, float32)
    legacy_epoch.h5    epoch_<N> keys, gradient_updates                  (Bernoulli, float32)
    legacy_q_first.h5  float64, weight_matrix [q,Nv,Nh], vbias [q,Nv]    (Potts)
    legacy_flat_q_first.h5  root-level W<e>, vbias<e>, hbias<e>, UpdByEpoch, q first (Potts)
    bbrbm_new_format.h5     (holds times, so its bytes differ from run to run) bbrbm's parameters, minimal, HDF5 "latest" file format (superblock 3)
    bbrbm_minimal.h5        the least that rbms' load_params accepts
Each <name>.h5 has a <name>.json with checksums, energies, free energies and ln Z in double.

Energy conventions (all have p(v,h) = exp(-E(v,h))/Z, F(v) = -ln sum_h or int_h exp(-E)):
    Bernoulli/Ising/Potts visible, Bernoulli/Ising hidden:  E = -a.v - b.h - v'Wh
    Gaussian hidden:                                        E = -a.v - b.h - v'Wh + (Nv/2) h.h
"""
import contextlib
import hashlib
import io
import itertools
import json
import os
import re
import sys

for k in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(k, None)
os.environ.setdefault("OMP_NUM_THREADS", "1")

import h5py
import numpy as np
import torch
import rbms.io
from rbms.dataset.dataset_class import RBMDataset
from rbms.training.pcd import train

torch.set_num_threads(1)
OUT = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))
os.makedirs(OUT, exist_ok=True)
os.chdir(OUT)  # so that hyperparameters/filename holds a bare name

UNITS = {  # visible, hidden
    "BBRBM": ("bernoulli", "bernoulli"),
    "PBRBM": ("potts", "bernoulli"),
    "IIRBM": ("ising", "ising"),
    "BGRBM": ("bernoulli", "gaussian"),
    "IGRBM": ("ising", "gaussian"),
}


# ---------------------------------------------------------------- energies, in double
class Model:
    """Canonical parameters: W [Nv,Nh] or [Nv,q,Nh], a [Nv] or [Nv,q], b [Nh], all float64."""

    def __init__(self, kind, W, a, b):
        self.kind, (self.vis, self.hid) = kind, UNITS[kind]
        self.W, self.a, self.b = (np.asarray(x, dtype=np.float64) for x in (W, a, b))
        self.Nv, self.Nh = self.W.shape[0], self.W.shape[-1]
        self.q = self.W.shape[1] if self.vis == "potts" else None

    def field(self, v):  # sum_i a_i(v_i)
        if self.q:
            return self.a[np.arange(self.Nv), v.astype(int)].sum(-1)
        return v @ self.a

    def drive(self, v):  # b + v'W, what each hidden unit feels
        if self.q:
            return self.b + self.W[np.arange(self.Nv), v.astype(int)].sum(-2)
        return self.b + v @ self.W

    def energy(self, v, h):
        e = -self.field(v) - (self.drive(v) * h).sum(-1)
        return e + 0.5 * self.Nv * (h * h).sum(-1) if self.hid == "gaussian" else e

    def free_energy(self, v):
        t = self.drive(v)
        if self.hid == "bernoulli":
            g = np.logaddexp(0.0, t)
        elif self.hid == "ising":
            g = np.logaddexp(t, -t)
        else:
            g = 0.5 * t * t / self.Nv + 0.5 * np.log(2 * np.pi / self.Nv)
        return -self.field(v) - g.sum(-1)

    def visible_states(self):
        vals = {"bernoulli": (0, 1), "ising": (-1, 1)}.get(self.vis) or range(self.q)
        return np.array(list(itertools.product(vals, repeat=self.Nv)), dtype=np.float64)

    def sum_visible(self, h):  # ln sum_v exp(a.v + v'Wh), for rows of h
        if self.q:
            x = self.a[None] + np.einsum("nh,iqh->niq", h, self.W)
            m = x.max(-1)
            return (m + np.log(np.exp(x - m[..., None]).sum(-1))).sum(-1)
        x = self.a + h @ self.W.T
        return (np.logaddexp(0, x) if self.vis == "bernoulli" else np.logaddexp(x, -x)).sum(-1)

    def log_z(self):
        """By enumerating v; checked by the other layer (Gauss-Hermite where it is Gaussian)."""
        z = lse(-self.free_energy(self.visible_states()))
        if self.hid == "gaussian":
            x, w = np.polynomial.hermite_e.hermegauss(18)
            w = w / w.sum()
            grid = np.array(list(itertools.product(x / np.sqrt(self.Nv), repeat=self.Nh)))
            lw = np.log(np.array(list(itertools.product(w, repeat=self.Nh)))).sum(-1)
            z2 = lse(lw + grid @ self.b + self.sum_visible(grid)) + 0.5 * self.Nh * np.log(2 * np.pi / self.Nv)
            tol = 1e-6
        else:
            hs = (0, 1) if self.hid == "bernoulli" else (-1, 1)
            h = np.array(list(itertools.product(hs, repeat=self.Nh)), dtype=np.float64)
            z2, tol = lse(h @ self.b + self.sum_visible(h)), 1e-11
            assert abs(lse(np.array([lse_neg_energy(self, hh) for hh in h])) - z) < 1e-10
        assert abs(z - z2) < tol, (self.kind, z, z2)
        return z


def lse(x):
    m = x.max()
    return float(m + np.log(np.exp(x - m).sum()))


def lse_neg_energy(m, h):
    v = m.visible_states()
    return lse(-m.energy(v, np.broadcast_to(h, (len(v), m.Nh))))


# ---------------------------------------------------------------- JSON beside each file
def digest(x, canonical):
    """Sums are over the canonical array ([Nv,Nh] or [Nv,q,Nh], row-major), in double."""
    c = np.ascontiguousarray(canonical, dtype=np.float64).ravel()
    return {
        "stored_shape": list(x.shape),
        "stored_dtype": x.dtype.str,
        "shape": list(canonical.shape),
        "sum": c.sum(),
        "sum_of_squares": (c * c).sum(),
        "ramp_sum": (np.arange(1, c.size + 1) * c).sum(),  # sum of (k+1)*x[k]: depends on the order
        "first": c[0],
        "last": c[-1],
        "sha256_of_le_bytes": hashlib.sha256(
            np.ascontiguousarray(canonical).astype(x.dtype.newbyteorder("<")).tobytes()).hexdigest(),
    }


def describe(kind, stored, canonical, chains, index, key):
    m = Model(kind, *canonical)
    r = np.random.default_rng(7)
    every = m.visible_states()
    states = np.concatenate([every[:1], every[-1:], every[r.choice(len(every), 6, replace=False)]])
    h = {"bernoulli": r.integers(0, 2, (8, m.Nh)).astype(float),
         "ising": 2.0 * r.integers(0, 2, (8, m.Nh)) - 1,
         "gaussian": r.normal(size=(8, m.Nh))}[m.hid]
    F = m.free_energy(states)
    z = m.log_z()
    d = {
        "checkpoint": index,
        "group": key,
        "parameters": {n: digest(s, c) for n, s, c in
                       zip(("weight_matrix", "vbias", "hbias"), stored, canonical)},
        "visible_states": states.astype(int).tolist(),
        "free_energies": F.tolist(),
        "hidden_states": h.tolist(),
        "energies": m.energy(states, h).tolist(),
        "log_z": z,
        "log_probabilities": (-F - z).tolist(),
    }
    if chains is not None:
        d["parallel_chains"] = {"shape": list(chains.shape), "dtype": chains.dtype.str,
                                "sum": float(chains.astype(np.float64).sum())}
    return m, d


def write_json(name, kind, layout, entries, m, **more):
    top = {"file": name + ".h5", "layout": layout, "model_type": kind, "visible_unit": m.vis,
           "hidden_unit": m.hid, "num_visibles": m.Nv, "num_hiddens": m.Nh, "num_states": m.q,
           "libraries": {"rbms": "0.5.0", "torch": torch.__version__, "h5py": h5py.__version__,
                         "hdf5": h5py.version.hdf5_version, "numpy": np.__version__}}
    top.update(more)
    top["checkpoints"] = entries
    dump(top, name + ".json")


def dump(x, filename):
    text = json.dumps(x, indent=1)
    text = re.sub(r"\[[^\[\]{}]*\]", lambda m: re.sub(r"\s+", "", m[0]), text)  # lists of numbers on one line
    with open(filename, "w") as f:
        f.write(text + "\n")


def finish(name, kind, layout="rbms 0.5.0", loadable=True):
    """Reads <name>.h5 back, and through the real package where that can load it."""
    entries = []
    with h5py.File(name + ".h5") as f:
        hyper = {k: (v.decode() if isinstance(v, bytes) else v.item())
                 for k, v in ((k, d[()]) for k, d in f.get("hyperparameters", {}).items())}
        chains = f["parallel_chains"][()] if "parallel_chains" in f else None
        for key in sorted((k for k in f if k.startswith("update_")), key=lambda k: int(k[7:])):
            p = f[key]["params"]
            arrays = [p[n][()] for n in ("weight_matrix", "vbias", "hbias")]
            last, d = describe(kind, arrays, arrays, chains, int(key[7:]), key)
            d["flags"] = {k: bool(v[()]) for k, v in f[key].get("flags", {}).items()}
            entries.append(d)
    if loadable:
        for d in entries:
            p = rbms.io.load_params(name + ".h5", d["checkpoint"], torch.device("cpu"), torch.float64)
            F = p.compute_energy_visibles(torch.tensor(d["visible_states"], dtype=torch.float64)).numpy()
            assert np.allclose(F, d["free_energies"], rtol=0, atol=5e-5 * last.Nh), np.abs(F - d["free_energies"]).max()
            d["rbms_free_energies"] = F.tolist()
    write_json(name, kind, layout, entries, last, hyperparameters=hyper, rbms_0_5_0_loads=loadable)


# ---------------------------------------------------------------- files by the real package
def dataset(x, binary):
    n = len(x)
    return RBMDataset(data=x, labels=-np.ones(n), weights=np.ones(n), names=np.arange(n),
                      dataset_name="tiny", is_binary=binary, device="cpu", dtype=torch.float32)


def toy(rng, n, nv, values):
    """A few noisy prototypes, so that there is something to learn."""
    proto = rng.choice(values, size=(3, nv))
    x = proto[rng.integers(0, 3, n)]
    noise = rng.random((n, nv)) < 0.15
    x[noise] = rng.choice(values, size=noise.sum())
    return x.astype(np.float32)


def with_package(name, kind, x, updates, seed):
    torch.manual_seed(seed)
    np.random.seed(seed)
    if os.path.exists(name + ".h5"):
        os.remove(name + ".h5")
    args = dict(filename=name + ".h5", num_updates=updates, overwrite=True, restore=False, device="cpu",
                dtype=torch.float32, seed=seed, train_size=0.9, test_size=None, num_hiddens=5, num_chains=7,
                batch_size=30, gibbs_steps=2, learning_rate=0.4, log=False, L1=0.0, L2=0.0, beta=1.0,
                no_center=False, training_type="pcd")
    with contextlib.redirect_stderr(io.StringIO()):
        train(dataset(x, kind == "BBRBM"), None, kind, args, torch.float32, np.array([updates]))
    with h5py.File(name + ".h5", "r+") as f:  # the wall-clock time is the one thing that varies
        f[f"update_{updates}/time"][...] = 1.5
    finish(name, kind)


class Saved:
    """What rbms.io.save_model asks of a model: a name and named tensors."""

    def __init__(self, name, m):
        self.name, self.m = name, m

    def named_parameters(self):
        return {n: torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))
                for n, x in (("weight_matrix", self.m.W), ("vbias", self.m.a), ("hbias", self.m.b))}


def contrastive(kind, x, updates, rng, rate):
    """A few CD-1 updates for the unit types that rbms 0.5.0 lacks."""
    nv, nh = x.shape[1], 5
    m = Model(kind, 0.3 * rng.normal(size=(nv, nh)), 0.2 * rng.normal(size=nv), 0.3 * rng.normal(size=nh))
    sig = lambda t: 1 / (1 + np.exp(-t))
    def mean_h(v):
        t = m.drive(v)
        return np.tanh(t) if m.hid == "ising" else t / m.Nv
    for _ in range(updates):
        mh = mean_h(x)
        h = np.where(rng.random(mh.shape) < (1 + mh) / 2, 1.0, -1.0) if m.hid == "ising" \
            else mh + rng.normal(size=mh.shape) / np.sqrt(m.Nv)
        t = m.a + h @ m.W.T
        v = (rng.random(t.shape) < sig(t)).astype(float) if m.vis == "bernoulli" \
            else np.where(rng.random(t.shape) < sig(2 * t), 1.0, -1.0)
        m.W += rate * (x.T @ mh - v.T @ mean_h(v)) / len(x)
        m.a += rate * (x.mean(0) - v.mean(0))
        m.b += rate * (mh.mean(0) - mean_h(v).mean(0))
    return m, v[:7]


def with_save_model(name, kind, x, seed, rate, slim=False):
    torch.manual_seed(seed)
    np.random.seed(seed)
    rng = np.random.default_rng(seed)
    m, chains = contrastive(kind, x.astype(np.float64), 25, rng, rate)
    with h5py.File(name + ".h5", "w") as f:
        g = f.create_group("hyperparameters")
        for k, v in dict(num_hiddens=m.Nh, num_visibles=m.Nv, num_chains=7, batch_size=len(x), gibbs_steps=1,
                         filename=name + ".h5", learning_rate=rate, train_size=1.0, seed=seed, L1=0.0, L2=0.0).items():
            g[k] = v
    rbms.io.save_model(name + ".h5", Saved(kind, m), {"visible": torch.from_numpy(chains.astype(np.float32))},
                       25, 1.5, ["checkpoint"])
    if slim:  # the same file copied without the generator states, which are most of its size
        with h5py.File(name + ".h5") as f, h5py.File(name + ".tmp", "w") as t:
            for k in f:
                f.copy(k, t)
            for n in ("torch_rng_state", *(f"numpy_rng_arg{i}" for i in range(5))):
                del t["update_25"][n]
        with h5py.File(name + ".tmp") as f, h5py.File(name + ".h5", "w") as t:
            for k in f:
                f.copy(k, t)
        os.remove(name + ".tmp")
    finish(name, kind, "rbms 0.5.0 save_model; class of the unreleased line", loadable=False)


# ---------------------------------------------------------------- files by hand
def legacy_bernoulli(name, layout, prefix, hyper, seed, mode):
    r = np.random.default_rng(seed)
    x = toy(r, 7, 12, [0, 1])
    entries = []
    with h5py.File(name + ".h5", "w") as f:
        g = f.create_group("hyperparameters")
        for k, v in hyper.items():
            g[k] = v
        f["parallel_chains"] = x
        for n in ((5, 20) if mode == "update" else (20,)):
            arrays = [(s * r.normal(size=sh)).astype(np.float32) for s, sh in ((0.8, (12, 5)), (0.5, 12), (0.5, 5))]
            c = f.create_group(f"{prefix}_{n}")
            if mode == "epoch":
                c["gradient_updates"] = 10 * n
            c["vbias"], c["hbias"], c["weight_matrix"] = arrays[1], arrays[2], arrays[0]
            m, d = describe("BBRBM", arrays, arrays, x, n, f"{prefix}_{n}")
            entries.append(d)
        del f["parallel_chains"]  # as the old programs did at every save
        f["parallel_chains"] = x
    write_json(name, "BBRBM", layout, entries, m, hyperparameters=hyper, rbms_0_5_0_loads=False)


def legacy_potts(name, layout, flat, seed):
    r = np.random.default_rng(seed)
    q, nv, nh = 4, 6, 5
    entries = []
    with h5py.File(name + ".h5", "w") as f:
        if flat:
            f["UpdByEpoch"] = 3
        for n in ((10,) if not flat else (4, 9)):
            W, a, b = (s * r.normal(size=sh) for s, sh in ((0.7, (q, nv, nh)), (0.5, (q, nv)), (0.5, nh)))
            if flat:
                key = "/"
                f[f"W{n}"], f[f"vbias{n}"], f[f"hbias{n}"] = W, a, b
            else:
                key = f"update_{n}"
                g = f.create_group(key)
                g["weight_matrix"], g["vbias"], g["hbias"] = W, a, b
            m, d = describe("PBRBM", (W, a, b), (W.transpose(1, 0, 2), a.T, b), None, n, key)
            if flat:
                d["updates"] = 3 * n
            entries.append(d)
    write_json(name, "PBRBM", layout, entries, m, hyperparameters={}, rbms_0_5_0_loads=False)


def copy_minimal(name, layout, **kw):
    with h5py.File("bbrbm.h5") as s, h5py.File(name + ".h5", "w", **kw) as f:
        f["model_type"] = "BBRBM"
        for n in ("weight_matrix", "vbias", "hbias"):
            f[f"update_150/params/{n}"] = s[f"update_150/params/{n}"][()]
    finish(name, "BBRBM", layout)


def data_files():
    r = np.random.default_rng(21)
    x, lab = toy(r, 40, 12, [0, 1]), r.integers(0, 3, 40)
    cat = toy(r, 40, 6, [0, 1, 2, 3])
    spec = {
        "data_bernoulli": (x, lab, None, {}),
        "data_bernoulli_gzip": (x, lab, None, dict(chunks=(32, 12), compression="gzip", shuffle=True)),
        "data_ising_int8": ((2 * x - 1).astype(np.int8), lab.astype(np.int32), "ising", {}),
        "data_categorical_uint8": (cat.astype(np.uint8), None, "categorical", {}),
        "data_bool": (x.astype(bool), lab.astype(np.float32), None, {}),
    }
    out = []
    for name, (s, lb, vt, kw) in spec.items():
        with h5py.File(name + ".h5", "w") as f:
            f.create_dataset("samples", data=s, **kw)
            if lb is not None:
                f["labels"] = lb
            if vt:
                f["variable_type"] = vt
        flat = s.astype(np.float64).ravel()
        out.append({"file": name + ".h5", "samples_shape": list(s.shape), "samples_dtype": s.dtype.str,
                    "labels_dtype": None if lb is None else lb.dtype.str, "variable_type": vt,
                    "sum": flat.sum(), "ramp_sum": (np.arange(1, flat.size + 1) * flat).sum(),
                    "first_row": s[0].astype(int).tolist(), "last_row": s[-1].astype(int).tolist(),
                    "labels": None if lb is None else lb.astype(int).tolist(), "filters": sorted(kw)})
    dump(out, "data.json")


if __name__ == "__main__":
    r = np.random.default_rng(11)
    b = toy(r, 60, 12, [0, 1])
    s = toy(r, 60, 12, [-1, 1])
    with_package("bbrbm", "BBRBM", b, 150, 5)
    with_package("pbrbm", "PBRBM", toy(r, 60, 6, [0, 1, 2, 3]), 150, 6)
    with_save_model("iirbm", "IIRBM", s, 7, 0.2, slim=True)
    with_save_model("bgrbm", "BGRBM", b, 8, 1.0, slim=True)
    with_save_model("igrbm", "IGRBM", s, 9, 1.0, slim=True)
    old = dict(num_hiddens=5, num_visibles=12, training_mode="PCD", num_chains=7, batch_size=30, gibbs_steps=2,
               learning_rate=0.01)
    legacy_bernoulli("legacy_update", "update_<N>, no params group, no model_type", "update", old, 31, "update")
    legacy_bernoulli("legacy_epoch", "epoch_<N>", "epoch", dict(old, epochs=20, filename="legacy_epoch.h5"), 32, "epoch")
    legacy_potts("legacy_q_first", "update_<N>, float64, states first", False, 33)
    legacy_potts("legacy_flat_q_first", "W<e> at the root, float64, states first", True, 34)
    copy_minimal("bbrbm_minimal", "least that load_params accepts")
    copy_minimal("bbrbm_new_format", "least that load_params accepts, HDF5 latest format", libver="latest")
    data_files()
    total = 0
    for n in sorted(os.listdir(".")):
        if n.endswith((".h5", ".json")):
            total += os.path.getsize(n)
            print(f"{os.path.getsize(n):7d} {n}")
    print(f"{total:7d} in all")
