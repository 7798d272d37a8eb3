"""What every peer script shares: an honest BLAS, library versions, timing, JSON."""
import os

# Some machines export these to force an AVX2 kernel, which halves sgemm on AVX-512 cores.
# OpenBLAS reads them when it is loaded, so they go before numpy comes.
FORCED = {k: os.environ.pop(k) for k in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE") if k in os.environ}

import ctypes
import glob
import importlib.metadata
import json
import platform
import subprocess
import sys
import time

import numpy as np


def version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _openblas():
    """NumPy's own OpenBLAS and the way its symbols are spelt, or None (Accelerate, MKL)."""
    top = os.path.dirname(np.__file__)
    found = glob.glob(os.path.join(top + ".libs", "*openblas*")) + glob.glob(os.path.join(top, ".dylibs", "*openblas*"))
    for path in found:
        lib = ctypes.CDLL(path)
        for spell in ("scipy_openblas_{}64_", "scipy_openblas_{}", "openblas_{}64_", "openblas_{}"):
            if hasattr(lib, spell.format("get_corename")):
                return lib, spell
    return None


def numpy_core():
    ob = _openblas()
    if ob is None:
        return None
    f = getattr(ob[0], ob[1].format("get_corename"))
    f.restype = ctypes.c_char_p
    return f().decode()


def set_numpy_threads(n):
    ob = _openblas()
    if ob is None:
        return False
    getattr(ob[0], ob[1].format("set_num_threads"))(ctypes.c_int(n))
    return True


def numpy_threads():
    ob = _openblas()
    return None if ob is None else getattr(ob[0], ob[1].format("get_num_threads"))()


def cpu_model():
    try:
        with open("/proc/cpuinfo") as f:
            fields = {}
            for line in f:
                k, _, v = line.partition(":")
                fields.setdefault(k.strip(), v.strip())
        return {"name": fields.get("model name"), "family": fields.get("cpu family"), "model": fields.get("model"),
                "avx512f": "avx512f" in fields.get("flags", "")}
    except OSError:
        try:
            name = subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True).stdout
            return {"name": name.strip()}
        except OSError:
            return {"name": platform.processor()}


def loadavg():
    try:
        return [round(x, 2) for x in os.getloadavg()]
    except OSError:
        return None


def environment():
    e = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}",
         "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
         "cpu": cpu_model(), "loadavg": loadavg(),
         "versions": {n: version(n) for n in ("torch", "rbms", "numpy", "h5py", "safetensors")},
         "numpy_blas_core": numpy_core(), "numpy_threads": numpy_threads(),
         "environment_unset": sorted(FORCED)}
    torch = sys.modules.get("torch")
    if torch is not None:
        e["torch_threads"] = torch.get_num_threads()
        e["torch_cpu_capability"] = torch.backends.cpu.get_cpu_capability()
        e["torch_blas"] = "mkl" if torch.backends.mkl.is_available() else "other"
    return e


def measure(f, repeats, warm=5, budget=60.0):
    """Best and median wall-clock milliseconds of f(), over at most `budget` seconds."""
    for _ in range(warm):
        f()
    times, end = [], time.perf_counter() + budget
    while len(times) < repeats and (len(times) < 5 or time.perf_counter() < end):
        t = time.perf_counter()
        f()
        times.append((time.perf_counter() - t) * 1e3)
    return {"best_ms": round(min(times), 4), "median_ms": round(float(np.median(times)), 4), "repeats": len(times)}


def report(result):
    result["loadavg_after"] = loadavg()
    print(json.dumps(result, indent=1))


def digest(x):
    """Sums in double over row-major order; ramp_sum = sum of (k+1)*x[k] depends on that order."""
    c = np.ascontiguousarray(x).astype(np.float64).ravel()
    return {"shape": list(np.shape(x)), "sum": float(c.sum()), "sum_of_squares": float((c * c).sum()),
            "ramp_sum": float((np.arange(1, c.size + 1) * c).sum())}


if __name__ == "__main__":
    print(json.dumps(environment(), indent=1))
