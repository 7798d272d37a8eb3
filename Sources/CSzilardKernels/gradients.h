// SPDX-License-Identifier: Apache-2.0
//
// Gradients of a batch, in double: linear models whose rows are floats, and small dense networks with
// eight samples side by side. And the normals that Langevin steps draw.

#ifndef SZK_GRADIENTS_H
#define SZK_GRADIENTS_H

#include "gaussians.h"

SZK_INLINE doubles chooseDoubles(longs mask, doubles a, doubles b) {
  return (doubles)((mask & (longs)a) | (~mask & (longs)b));
}

/// x within [-bound, bound]; NaN stays NaN.
SZK_INLINE doubles clampedDoubles(doubles x, double bound) {
  doubles high = (doubles){0} + bound;
  x = chooseDoubles(x > high, high, x);
  return chooseDoubles(x < -high, -high, x);
}

/// exp(x) - 1 for |x| <= 700, relatively accurate also for small x. With x = n ln 2 + r and
/// |r| <= (ln 2) / 2 the series of exp(r) - 1 ends at r^13 / 13!, an error below 1e-16 r.
SZK_INLINE doubles expMinusOneDoubles(doubles x) {
  const double toInteger = 0x1.8p52;
  doubles shifted = x * 0x1.71547652b82fep+0 + toInteger;
  doubles n = shifted - toInteger;
  doubles r = x - n * 0x1.62e42feep-1;
  r = r - n * 0x1.a39ef35793c76p-33;
  doubles q = r * (1 / 6227020800.0) + 1 / 479001600.0;
  q = q * r + 1 / 39916800.0;
  q = q * r + 1 / 3628800.0;
  q = q * r + 1 / 362880.0;
  q = q * r + 1 / 40320.0;
  q = q * r + 1 / 5040.0;
  q = q * r + 1 / 720.0;
  q = q * r + 1 / 120.0;
  q = q * r + 1 / 24.0;
  q = q * r + 1 / 6.0;
  q = q * r + 1 / 2.0;
  doubles p = (r * r) * q + r;
  doubles scale = (doubles)(((longs)shifted << 52) + 0x3ff0000000000000);
  return p * scale + (scale - 1.0);
}

/// tanh x = (e - 1) / (e + 1) with e = exp(2 x); 1 or -1 beyond 20.
SZK_INLINE doubles tanhDoubles(doubles x) {
  doubles e = expMinusOneDoubles(clampedDoubles(x + x, 40));
  return e / (e + 2.0);
}

SZK_INLINE doubles logisticDoubles(doubles x) {
  return 1.0 / (2.0 + expMinusOneDoubles(clampedDoubles(-x, 700)));
}

/// The slopes of minus the log-likelihood with respect to one predictor.
SZK_INLINE doubles slopesOf(szk_response response, double precision, doubles z, doubles y) {
  return response == SZK_GAUSSIAN ? (z - y) * precision : logisticDoubles(z) - y;
}

static void normals(szk_lanes *lanes, size_t count, double *out) {
  generators g = loadLanes(lanes);
  for (size_t i = 0; i < count; i += SZK_LANES) {
    floats z = normalDraw(&g);
    double part[SZK_LANES];
    storeDoubles(part, lowDoubles(z));
    storeDoubles(part + doubleLanes, highDoubles(z));
    size_t left = count - i < SZK_LANES ? count - i : SZK_LANES;
    memcpy(out + i, part, left * sizeof(double));
  }
  storeLanes(lanes, g);
}

/// The tile of a row; columns past the last are zero, whatever the padding holds.
SZK_INLINE floats rowTile(const float *row, size_t columns, size_t tile) {
  const ints place = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  floats x = load(row + tile * SZK_LANES);
  size_t left = columns - tile * SZK_LANES;
  return left >= SZK_LANES ? x : choose(place < (int32_t)left, x, broadcast(0));
}

/// acc += x . theta over the tile, in two halves.
SZK_INLINE void addDot(floats x, const double *theta, doubles *low, doubles *high) {
  *low += lowDoubles(x) * loadDoubles(theta);
  *high += highDoubles(x) * loadDoubles(theta + doubleLanes);
}

/// One tile of the gradient: sum += slopes[k] * (tile of row k).
SZK_INLINE void addRows(const float *const *rows, const double *slopes, size_t count,
                        size_t columns, size_t tile, int isWhole, double *sum) {
  doubles low = loadDoubles(sum), high = loadDoubles(sum + doubleLanes);
  for (size_t k = 0; k < count; k++) {
    floats x = isWhole ? load(rows[k] + tile * SZK_LANES) : rowTile(rows[k], columns, tile);
    low += slopes[k] * lowDoubles(x);
    high += slopes[k] * highDoubles(x);
  }
  storeDoubles(sum, low);
  storeDoubles(sum + doubleLanes, high);
}

static void linearGradient(const float *inputs, size_t stride, size_t columns, const float *targets,
                           const int64_t *samples, size_t count, szk_response response,
                           double precision, const double *parameters, double *gradient,
                           double *workspace) {
  size_t tiles = tilesOf(columns), width = tiles * SZK_LANES, whole = columns / SZK_LANES;
  double *theta = workspace, *sum = workspace + width;
  memset(workspace, 0, 2 * width * sizeof(double));
  memcpy(theta, parameters, columns * sizeof(double));
  for (size_t first = 0; first < count; first += doubleLanes) {
    size_t here = count - first < doubleLanes ? count - first : doubleLanes;
    const float *rows[doubleLanes];
    doubles z = {0}, y = {0};
    for (size_t k = 0; k < here; k++) {
      if (first + doubleLanes + k < count) {
        const float *next = inputs + (size_t)samples[first + doubleLanes + k] * stride;
        for (size_t line = 0; line < tiles; line++) {
          __builtin_prefetch(next + line * SZK_LANES);
        }
      }
      const float *row = inputs + (size_t)samples[first + k] * stride;
      rows[k] = row;
      doubles low = {0}, high = {0};
      for (size_t tile = 0; tile < whole; tile++) {
        addDot(load(row + tile * SZK_LANES), theta + tile * SZK_LANES, &low, &high);
      }
      if (whole < tiles) {
        addDot(rowTile(row, columns, whole), theta + whole * SZK_LANES, &low, &high);
      }
      z[k] = total(low + high);
      y[k] = (double)targets[samples[first + k]];
    }
    doubles vector = slopesOf(response, precision, z, y);
    double slopes[doubleLanes];
    storeDoubles(slopes, vector);
    for (size_t tile = 0; tile < tiles; tile++) {
      double *target = sum + tile * SZK_LANES;
      if (here == doubleLanes && tile < whole) {
        addRows(rows, slopes, doubleLanes, columns, tile, 1, target);
      } else {
        addRows(rows, slopes, here, columns, tile, 0, target);
      }
    }
  }
  memcpy(gradient, sum, columns * sizeof(double));
}

SZK_INLINE doubles activated(szk_activation activation, doubles s) {
  switch (activation) {
    case SZK_TANH:
      return tanhDoubles(s);
    case SZK_RECTIFIER:
      return chooseDoubles(s > 0.0, s, (doubles){0});
    default:
      return s;
  }
}

/// The derivative of the activation, from its value.
SZK_INLINE doubles activationSlope(szk_activation activation, doubles a) {
  switch (activation) {
    case SZK_TANH:
      return 1.0 - a * a;
    case SZK_RECTIFIER:
      return chooseDoubles(a > 0.0, (doubles){0} + 1.0, (doubles){0});
    default:
      return (doubles){0} + 1.0;
  }
}

/// From the outputs, `outputs` vectors `blocks` apart, to their slopes.
SZK_INLINE void outputSlopes(szk_response response, double precision, const doubles *z,
                             const doubles *y, size_t outputs, size_t blocks, size_t block,
                             longs isSample, doubles *delta) {
  doubles high = z[block], sum = {0};
  if (response == SZK_CATEGORICAL) {
    for (size_t k = 1; k < outputs; k++) {
      doubles x = z[k * blocks + block];
      high = chooseDoubles(x > high, x, high);
    }
    for (size_t k = 0; k < outputs; k++) {
      doubles e = 1.0 + expMinusOneDoubles(clampedDoubles(z[k * blocks + block] - high, 700));
      delta[k * blocks + block] = e;
      sum += e;
    }
  }
  for (size_t k = 0; k < outputs; k++) {
    size_t here = k * blocks + block;
    doubles slope = response == SZK_CATEGORICAL ? delta[here] / sum - y[here]
                                                : slopesOf(response, precision, z[here], y[here]);
    delta[here] = chooseDoubles(isSample, slope, (doubles){0});
  }
}

/// Rows `samples` of a matrix, transposed: column k of it from double k * padded; lanes past the last
/// sample are zero.
SZK_INLINE void gatherTransposed(const float *matrix, size_t stride, size_t columns,
                                 const int64_t *samples, size_t count, size_t padded, double *out) {
  for (size_t k = 0; k < columns; k++) {
    for (size_t s = 0; s < count; s++) {
      out[k * padded + s] = (double)matrix[(size_t)samples[s] * stride + k];
    }
    for (size_t s = count; s < padded; s++) {
      out[k * padded + s] = 0;
    }
  }
}

static void networkGradient(szk_network network, const float *inputs, size_t inputStride,
                            const float *targets, size_t targetStride, const int64_t *samples,
                            size_t count, szk_response response, double precision,
                            const double *parameters, double *gradient, double *workspace) {
  const longs place = {0, 1, 2, 3, 4, 5, 6, 7};
  size_t blocks = (count + doubleLanes - 1) / doubleLanes, units = 0, width = 0;
  for (size_t l = 0; l < network.layers; l++) {
    units += network.sizes[l];
    width = network.sizes[l] > width ? network.sizes[l] : width;
  }
  // Vectors lie on 64-byte boundaries inside the workspace, which has eight doubles to spare.
  doubles *unit = (doubles *)(((uintptr_t)workspace + 63) & ~(uintptr_t)63);
  doubles *delta = unit + units * blocks, *next = delta + width * blocks;
  gatherTransposed(inputs, inputStride, network.sizes[0], samples, count, blocks * doubleLanes,
                   (double *)unit);

  doubles *a = unit;
  const double *theta = parameters;
  for (size_t l = 1; l < network.layers; l++) {
    size_t in = network.sizes[l - 1], out = network.sizes[l];
    doubles *b = a + in * blocks;
    for (size_t j = 0; j < out; j++) {
      const double *weights = theta + j * in;
      for (size_t block = 0; block < blocks; block++) {
        doubles s = (doubles){0} + theta[out * in + j];
        for (size_t k = 0; k < in; k++) {
          s += weights[k] * a[k * blocks + block];
        }
        b[j * blocks + block] = l + 1 < network.layers ? activated(network.activation, s) : s;
      }
    }
    theta += (in + 1) * out;
    a = b;
  }

  size_t outputs = network.sizes[network.layers - 1];
  gatherTransposed(targets, targetStride, outputs, samples, count, blocks * doubleLanes,
                   (double *)next);
  for (size_t block = 0; block < blocks; block++) {
    longs isSample = place < (int64_t)(count - block * doubleLanes);
    outputSlopes(response, precision, a, next, outputs, blocks, block, isSample, delta);
  }

  for (size_t l = network.layers - 1; l > 0; l--) {
    size_t in = network.sizes[l - 1], out = network.sizes[l];
    theta -= (in + 1) * out;
    double *slopes = gradient + (theta - parameters);
    a -= in * blocks;
    for (size_t j = 0; j < out; j++) {
      const doubles *d = delta + j * blocks;
      doubles sum = {0};
      for (size_t block = 0; block < blocks; block++) {
        sum += d[block];
      }
      slopes[out * in + j] = total(sum);
      for (size_t k = 0; k < in; k++) {
        doubles dot = {0};
        for (size_t block = 0; block < blocks; block++) {
          dot += d[block] * a[k * blocks + block];
        }
        slopes[j * in + k] = total(dot);
      }
    }
    if (l == 1) {
      break;
    }
    for (size_t k = 0; k < in; k++) {
      for (size_t block = 0; block < blocks; block++) {
        doubles s = {0};
        for (size_t j = 0; j < out; j++) {
          s += theta[j * in + k] * delta[j * blocks + block];
        }
        next[k * blocks + block] = s * activationSlope(network.activation, a[k * blocks + block]);
      }
    }
    doubles *swapped = delta;
    delta = next;
    next = swapped;
  }
}

#endif
