#!/usr/bin/env python3
"""Training steps of diffusion networks in PyTorch: the networks of `szilard benchmark`, number for number.

With --check FOLDER (written by `szilard benchmark --networks FOLDER`) parameters, a batch and targets are read,
and outputs and gradients must agree with Szilard's; the numbers are printed.  A timed step is forward, half the
squared distance to targets, backward, fused Adam and the moving average of the parameters; convolutions in both
memory formats, of which the better one is to be taken.  "radial" is the sampler of a chain of 40 steps.  Prints one JSON
object.
"""
import argparse
import math

from _common import environment, measure, report
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

p = argparse.ArgumentParser(description=__doc__)
p.add_argument("--check")
p.add_argument("--threads", type=int, action="append")
p.add_argument("--repeats", type=int, default=30)
o = p.parse_args()


def waves(ratios, count):
    half = count // 2
    f = 2.0 ** (-6 + 5 * torch.arange(half) / (half - 1))
    angle = 2 * math.pi * ratios.clamp(-20, 20)[:, None] * f
    return torch.cat([angle.cos(), angle.sin()], 1)


class Block(nn.Module):
    def __init__(self, a, b, units):
        super().__init__()
        self.norm, self.plain = nn.GroupNorm(8, a), nn.GroupNorm(8, b, affine=False)
        self.first, self.second = nn.Conv2d(a, b, 3, padding=1), nn.Conv2d(b, b, 3, padding=1)
        self.modulation = nn.Linear(units, 2 * b)
        self.skip = nn.Conv2d(a, b, 1) if a != b else None

    def forward(self, x, e):
        h = self.first(F.silu(self.norm(x)))
        scale, shift = self.modulation(e)[:, :, None, None].chunk(2, 1)
        h = self.second(F.silu(self.plain(h) * (1 + scale) + shift))
        return h + (x if self.skip is None else self.skip(x))


class Convolution(nn.Module):
    def __init__(self, m=(16, 32, 64), units=64, wave_count=32):
        super().__init__()
        self.waves = wave_count
        self.condition_1, self.condition_2 = nn.Linear(wave_count, units), nn.Linear(units, units)
        self.input = nn.Conv2d(1, m[0], 3, padding=1)
        self.block_1, self.block_2 = Block(m[0], m[0], units), Block(m[0], m[1], units)
        self.block_3, self.block_4 = Block(m[1], m[2], units), Block(m[2], m[2], units)
        self.block_5, self.block_6 = Block(m[1], m[1], units), Block(m[0], m[0], units)
        self.up_1, self.up_2 = nn.Conv2d(m[2], m[1], 1), nn.Conv2d(m[1], m[0], 1)
        self.output_norm, self.output = nn.GroupNorm(8, m[0]), nn.Conv2d(m[0], 1, 1)

    def forward(self, x, ratios):
        e = F.silu(self.condition_2(F.silu(self.condition_1(waves(ratios, self.waves)))))
        full = self.block_1(self.input(x), e)
        half = self.block_2(F.avg_pool2d(full, 2), e)
        quarter = self.block_4(self.block_3(F.avg_pool2d(half, 2), e), e)
        up = self.block_5(F.interpolate(self.up_1(quarter), scale_factor=2) + half, e)
        last = self.block_6(F.interpolate(self.up_2(up), scale_factor=2) + full, e)
        return self.output(F.silu(self.output_norm(last)))


class TableBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm, self.plain = nn.LayerNorm(width), nn.LayerNorm(width, elementwise_affine=False)
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)
        self.modulation = nn.Linear(width, 2 * width)

    def forward(self, x, e):
        h = self.first(F.silu(self.norm(x)))
        scale, shift = self.modulation(e).chunk(2, 1)
        return x + self.second(F.silu(self.plain(h) * (1 + scale) + shift))


class Residual(nn.Module):
    def __init__(self, size=2, width=128, wave_count=32):
        super().__init__()
        self.waves = wave_count
        self.condition_1, self.condition_2 = nn.Linear(wave_count, width), nn.Linear(width, width)
        self.input = nn.Linear(size, width)
        self.block_1, self.block_2, self.block_3 = TableBlock(width), TableBlock(width), TableBlock(width)
        self.output_norm, self.output = nn.LayerNorm(width), nn.Linear(width, size)

    def forward(self, x, ratios):
        e = F.silu(self.condition_2(F.silu(self.condition_1(waves(ratios, self.waves)))))
        x = self.input(x)
        for block in (self.block_1, self.block_2, self.block_3):
            x = block(x, e)
        return self.output(F.silu(self.output_norm(x)))


class Radial(nn.Module):
    """Centres are rows here; a readout for each step."""

    def __init__(self, size=2, units=16, steps=40, outputs=4):
        super().__init__()
        self.centres, self.log_widths = nn.Parameter(torch.randn(units, size)), nn.Parameter(torch.zeros(units))
        self.readouts = nn.Parameter(torch.zeros(steps, units, outputs))
        self.biases = nn.Parameter(torch.zeros(steps, outputs))

    def forward(self, x, step):
        square = ((x[:, None, :] - self.centres) ** 2).sum(-1)
        h = torch.softmax(-square * torch.exp(-2 * self.log_widths) / 2, 1)
        return torch.addmm(self.biases[step], h, self.readouts[step])


def log_uniform_rates(steps, first, last_power):
    """Rates of a chain whose log-SNR falls by equal steps from that of the first rate."""
    begin, end = math.log((1 - first) / first), math.log(last_power / (1 - last_power))
    powers = torch.sigmoid(torch.linspace(begin, end, steps, dtype=torch.float64))
    return (1 - powers / torch.cat([torch.ones(1, dtype=torch.float64), powers[:-1]])).float()


def half_square(y, t):
    return ((y - t) ** 2).sum() / 2


def theirs(network, name, values, prefix):
    """Szilard's tensor for a parameter of this network, in this network's shape."""
    module, kind = name.rsplit(".", 1) if "." in name else ("", name)
    if isinstance(network, Radial):
        a = torch.from_numpy(values[prefix + kind.replace("_", "-")])
        return a.T if kind == "centres" else a.reshape(dict(network.named_parameters())[name].shape)
    path = module.replace("block_", "block-").replace("up_", "up-").replace("condition_", "condition-")
    path = path.replace("output_norm", "output.norm")
    owner = network.get_submodule(module)
    if isinstance(owner, (nn.GroupNorm, nn.LayerNorm)):
        a = torch.from_numpy(values[prefix + path])[0]
        scale, shift = a.chunk(2)
        return (scale if prefix.startswith("ascent") else 1 + scale) if kind == "weight" else shift
    a = torch.from_numpy(values[prefix + path + (".weights" if kind == "weight" else ".biases")])
    if kind == "bias":
        return a[0]
    if isinstance(owner, nn.Conv2d):
        side = owner.kernel_size[0]
        return a.reshape(side, side, owner.in_channels, owner.out_channels).permute(3, 2, 0, 1)
    return a.T


def check(network, file):
    from safetensors.numpy import load_file

    values = load_file(file)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(theirs(network, name, values, "parameters."))
    x, t, y = (torch.from_numpy(values[k]) for k in ("inputs", "targets", "outputs"))
    shape = (-1, 1, 28, 28) if isinstance(network, Convolution) else x.shape
    out = network(x.reshape(shape), 0 if isinstance(network, Radial) else torch.from_numpy(values["ratios"]))
    half_square(out, t.reshape(out.shape)).backward()
    worst = 0.0
    for name, parameter in network.named_parameters():
        ours = -theirs(network, name, values, "ascent.")
        size = float(parameter.grad.norm()) / math.sqrt(parameter.numel())
        worst = max(worst, float((parameter.grad - ours).abs().max()) / max(size, 1e-12))
    difference = float((out.detach().reshape(y.shape) - y).abs().max())
    network.zero_grad(set_to_none=True)
    return {"largest_output": float(y.abs().max()), "output_difference": difference,
            "gradient_difference": worst, "agrees": difference < 1e-4 * max(1.0, float(y.abs().max())) and worst < 1e-2}


def step(network, x, ratios, t):
    parameters = list(network.parameters())
    average = [q.detach().clone() for q in parameters]
    optimizer = torch.optim.Adam(parameters, lr=1e-3, fused=True)

    def one():
        optimizer.zero_grad(set_to_none=True)
        half_square(network(x, ratios), t).backward()
        optimizer.step()
        torch._foreach_lerp_(average, parameters, 0.001)

    return one


results = []
for threads in o.threads or [2]:
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    networks = {"convolution": Convolution(), "residual": Residual(), "radial": Radial()}
    checks = {k: check(n, f"{o.check}/{k}.safetensors") for k, n in networks.items()} if o.check else {}
    x, ratios = torch.randn(128, 1, 28, 28), torch.linspace(-5, 5, 128)
    times = {"convolution": measure(step(networks["convolution"], x, ratios, torch.randn_like(x)), o.repeats)}
    last = networks["convolution"].to(memory_format=torch.channels_last)
    x = x.to(memory_format=torch.channels_last)
    times["convolution_channels_last"] = measure(step(last, x, ratios, torch.randn_like(x)), o.repeats)
    x = torch.randn(512, 2)
    times["residual"] = measure(
        step(networks["residual"], x, torch.linspace(-5, 5, 512), torch.randn_like(x)), 5 * o.repeats)
    # The whole reverse chain: steps 40 to 2 by the network, the last one by the forward kernel.
    rates = log_uniform_rates(40, 1e-4, 1e-3)
    keep, root, offset = (1 - rates).sqrt(), rates.sqrt(), torch.logit(rates.clamp(1e-6, 1 - 1e-5))

    def sample():
        with torch.inference_mode():
            x = torch.randn(1000, 2)
            for k in range(39, 0, -1):
                mean, width = networks["radial"](x, k).chunk(2, 1)
                x = keep[k] * x + root[k] * mean + torch.sigmoid(offset[k] + width).sqrt() * torch.randn_like(x)
            return keep[0] * x + root[0] * torch.randn_like(x)

    times["radial"] = measure(sample, 5 * o.repeats)
    results.append({"threads": threads, "checks": checks, **times})

report({"benchmark": "networks", "environment": environment(), "results": results})
