#!/usr/bin/env python3
"""Steps of SGLD on logistic regression: posteriors (PyTorch) and BlackJAX (JAX), each as its documents show.

N samples of d columns, minibatches drawn inside the loop; one chain, and for BlackJAX also two under vmap.  posteriors: transform.update with the
log posterior as a batch mean (its convention), for 1 and 2 threads of PyTorch.  BlackJAX: the kernel in
lax.scan under jit, compiled before it is timed.  Prints one JSON object with steps a second (best of repeats).
"""
import argparse
import time

from _common import environment, report, version
import numpy as np

p = argparse.ArgumentParser(description=__doc__)
p.add_argument("--samples", type=int, default=100_000)
p.add_argument("--columns", type=int, default=100)
p.add_argument("--batch", type=int, action="append")
p.add_argument("--steps", type=int, default=1000)
p.add_argument("--repeats", type=int, default=5)
o = p.parse_args()
rng = np.random.default_rng(5)
x = rng.standard_normal((o.samples, o.columns)).astype(np.float32)
y = (x[:, 0] + x[:, 1] > 0).astype(np.float32)
eta = 1e-7
results = []


def rates(run, chains=1):
    """Steps of all chains a second."""
    run()
    best = []
    for _ in range(o.repeats):
        t = time.perf_counter()
        run()
        best.append(chains * o.steps / (time.perf_counter() - t))
    return {"best_steps_per_second": round(max(best), 1), "median_steps_per_second": round(float(np.median(best)), 1)}


try:
    import torch
    import posteriors

    X, Y = torch.from_numpy(x), torch.from_numpy(y)

    def log_posterior(params, batch):
        z = batch[0] @ params
        loss = torch.nn.functional.binary_cross_entropy_with_logits(z, batch[1])
        return -loss - 0.5 * (params**2).sum() / o.samples, torch.tensor([])

    for batch in o.batch or [100, 1000]:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            # A batch-mean log posterior has temperature 1/N and a step N times as large.
            transform = posteriors.sgmcmc.sgld.build(log_posterior, lr=eta * o.samples, temperature=1 / o.samples)
            held = {"state": transform.init(torch.zeros(o.columns))}

            def run():
                state = held["state"]
                for _ in range(o.steps):
                    i = torch.randint(o.samples, (batch,))
                    state, _ = transform.update(state, (X[i], Y[i]), inplace=True)
                held["state"] = state

            results.append({"program": "posteriors", "batch": batch, "chains": 1, "threads": threads, **rates(run)})
except ImportError as error:
    results.append({"program": "posteriors", "missing": str(error)})

try:
    import blackjax
    import blackjax.sgmcmc.gradients as gradients
    import jax
    import jax.numpy as jnp

    Xj, Yj = jnp.asarray(x), jnp.asarray(y)

    def logprior(theta):
        return -0.5 * jnp.sum(theta**2)

    def loglikelihood(theta, row):
        z = row[0] @ theta
        return row[1] * z - jnp.logaddexp(0.0, z)

    for batch in o.batch or [100, 1000]:
        estimator = gradients.grad_estimator(logprior, loglikelihood, o.samples)
        sgld = blackjax.sgld(estimator)

        @jax.jit
        def chain(key, theta):
            def one(theta, key):
                pick, move = jax.random.split(key)
                i = jax.random.randint(pick, (batch,), 0, o.samples)
                return sgld.step(move, theta, (Xj[i], Yj[i]), eta), None

            return jax.lax.scan(one, theta, jax.random.split(key, o.steps))[0]

        for chains in (1, 2):
            several = chain if chains == 1 else jax.jit(jax.vmap(chain))
            held = {"theta": jnp.zeros((chains, o.columns)), "key": jax.random.key(1)}
            if chains == 1:
                held["theta"] = held["theta"][0]

            def run():
                held["key"], key = jax.random.split(held["key"])
                keys = key if chains == 1 else jax.random.split(key, chains)
                held["theta"] = several(keys, held["theta"]).block_until_ready()

            results.append({"program": "BlackJAX", "batch": batch, "chains": chains, "threads": "XLA's own",
                            **rates(run, chains)})
except ImportError as error:
    results.append({"program": "BlackJAX", "missing": str(error)})

report({"benchmark": "sgld_logistic", "samples": o.samples, "columns": o.columns, "steps": o.steps,
        "versions": {k: version(k) for k in ("torch", "posteriors", "blackjax", "jax")},
        "environment": environment(), "results": results})
