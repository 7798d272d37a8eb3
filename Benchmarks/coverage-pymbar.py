#!/usr/bin/env python3
"""How often value +- 1.96 standard errors of pymbar's exp and bar contains the truth.

The processes of `szilard benchmark --coverage` (Gaussian work of deviation sigma; a harmonic trap whose
stiffness jumps from 1 to kappa), n trajectories a direction. Writes lines
    method process parameter n repeats finite covered width
to standard output; failures and 0 +- 0 count as they are printed: as intervals.
Needs numpy, scipy, pymbar 4 (peers/pymbar-requirements.txt). Usage: coverage-pymbar.py [--repeats 1000]
"""
import argparse
import contextlib
import io
import sys
import warnings

import numpy as np

warnings.filterwarnings("ignore")
with contextlib.redirect_stderr(io.StringIO()):
    import pymbar

p = argparse.ArgumentParser(description=__doc__)
p.add_argument("--repeats", type=int, default=1000)
p.add_argument("--trajectories", type=int, nargs="*", default=[20, 100])
o = p.parse_args()

SIGMAS = [0.1, 0.3, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10]
KAPPAS = [1000, 100, 16, 4, 2, 1.1, 0.9, 0.75, 0.6, 0.5, 0.25, 0.06]


def works(process, x, n, rng):
    if process == "gaussian":
        return 2, rng.normal(2 + x * x / 2, x, n), rng.normal(-2 + x * x / 2, x, n)
    z, y = rng.normal(size=n), rng.normal(size=n)
    return 0.5 * np.log(x), 0.5 * (x - 1) * z**2, -0.5 * (x - 1) / x * y**2


def answer(method, w_F, w_R):
    if method == "exp":
        return pymbar.exp(w_F)
    return pymbar.bar(w_F, w_R)


for process, grid in (("gaussian", SIGMAS), ("trap", KAPPAS)):
    for x in grid:
        for n in o.trajectories:
            for method in ("exp", "bar"):
                rng = np.random.default_rng([n, int(1000 * x), method == "bar"])
                finite = covered = 0
                width = 0.0
                for _ in range(o.repeats):
                    truth, w_F, w_R = works(process, x, n, rng)
                    try:
                        with contextlib.redirect_stdout(io.StringIO()):
                            a = answer(method, w_F, w_R)
                        value, error = float(a["Delta_f"]), float(a["dDelta_f"])
                    except Exception:
                        continue
                    if not np.isfinite(value + error):
                        continue
                    finite += 1
                    width += 2 * 1.96 * error
                    covered += abs(value - truth) <= 1.96 * error
                print(method, process, x, n, o.repeats, finite, covered, width / max(1, finite))
                sys.stdout.flush()
