#!/usr/bin/env python3
"""Free energies by pymbar 4 on fixed numbers, for FreeEnergyGoldenTests.

Writes beside itself: pymbar.json (works, reduced potentials and pymbar's answers), works.npz and
potentials.npz (files as pymbar users keep them). Needs numpy, scipy and pymbar
(Benchmarks/peers/pymbar-requirements.txt). Made with pymbar 4.0.3, numpy 2.4.6, scipy 1.17.1.
"""
import json
import pathlib

import numpy as np
import pymbar

here = pathlib.Path(__file__).resolve().parent
rng = np.random.default_rng(20260301)
cases = []


def gaussian(name, sigma, dF, nF, nR):
    mu = dF + sigma**2 / 2
    add(name, dF, rng.normal(mu, sigma, nF), rng.normal(-mu + sigma**2, sigma, nR))


def trap(name, k1, k2, nF, nR):
    """A harmonic trap whose stiffness jumps from k1 to k2."""
    x, y = rng.normal(0, k1**-0.5, nF), rng.normal(0, k2**-0.5, nR)
    add(name, 0.5 * np.log(k2 / k1), 0.5 * (k2 - k1) * x**2, -0.5 * (k2 - k1) * y**2)


def two_state(name, e1, e2, nF, nR):
    """The upper level of a two-state system jumps from e1 to e2."""
    up = rng.random(nF) < 1 / (1 + np.exp(e1))
    down = rng.random(nR) < 1 / (1 + np.exp(e2))
    add(name, np.log1p(np.exp(-e1)) - np.log1p(np.exp(-e2)), (e2 - e1) * up, -(e2 - e1) * down)


def add(name, exact, w_F, w_R):
    both = pymbar.bar(w_F, w_R, method="self-consistent-iteration", maximum_iterations=5000,
                      relative_tolerance=1e-13)
    cases.append(dict(
        name=name, exact=exact, forward=w_F.tolist(), reverse=w_R.tolist(),
        exp=float(pymbar.exp(w_F)["Delta_f"]), expReverse=float(pymbar.exp(w_R)["Delta_f"]),
        gauss=float(pymbar.exp_gauss(w_F)["Delta_f"]), gaussError=float(pymbar.exp_gauss(w_F)["dDelta_f"]),
        bar=float(both["Delta_f"]), barError=float(both["dDelta_f"]),
        barOverlap=float(pymbar.bar_overlap(w_F, w_R))))


gaussian("gaussian, sigma 0.1", 0.1, 2.0, 30, 40)
gaussian("gaussian, sigma 1", 1.0, -3.0, 60, 50)
gaussian("gaussian, sigma 3", 3.0, 5.0, 50, 80)
gaussian("gaussian, sigma 1, far from zero", 1.0, 2500.0, 40, 40)
gaussian("gaussian, unequal counts", 1.5, 0.5, 10, 120)
trap("trap, stiffness 1 to 4", 1.0, 4.0, 60, 60)
trap("trap, stiffness 9 to 1", 9.0, 1.0, 60, 40)
two_state("two states", 0.5, 2.0, 80, 60)

ladders = []


def ladder(name, stiffness, centres, counts):
    K = np.asarray(stiffness, float)
    x0 = np.asarray(centres, float)
    x = np.concatenate([rng.normal(c, k**-0.5, n) for k, c, n in zip(K, x0, counts)])
    u_kn = 0.5 * K[:, None] * (x[None, :] - x0[:, None]) ** 2
    m = pymbar.MBAR(u_kn, np.array(counts), solver_protocol=(
        dict(method="adaptive", tol=1e-14, options=dict(maxiter=1000)),))
    d = m.compute_free_energy_differences(uncertainty_method="svd-ew")
    o = m.compute_overlap()
    ladders.append(dict(
        name=name, counts=list(counts), potentials=u_kn.tolist(),
        exact=(0.5 * np.log(K / K[0])).tolist(), free=d["Delta_f"][0].tolist(),
        errors=d["dDelta_f"].tolist(), overlap=o["matrix"].tolist(), gap=float(o["scalar"]),
        effective=np.asarray(m.compute_effective_sample_number()).tolist()))


ladder("stiffness", [1, 2, 4, 8], [0, 0, 0, 0], [30, 40, 20, 30])
ladder("shifted", [1, 1, 1], [0, 1, 2], [40, 40, 40])
ladder("a state without samples", [1, 2, 4], [0, 0.3, 0.6], [40, 0, 50])
ladder("two states", [1, 3], [0, 0.5], [50, 70])

(here / "pymbar.json").write_text(json.dumps(
    dict(pymbar="4.0.3", cases=cases, ladders=ladders), separators=(",", ":")) + "\n")
np.savez(here / "works.npz", w_F=np.array(cases[1]["forward"]), w_R=np.array(cases[1]["reverse"]))
np.savez(here / "potentials.npz", u_kn=np.array(ladders[0]["potentials"]), N_k=np.array(ladders[0]["counts"]))
