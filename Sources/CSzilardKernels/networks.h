// SPDX-License-Identifier: Apache-2.0
//
// The elementwork of networks in float: nonlinearities, normalisation, pooling, radial bases, and the
// updates of parameters. Rows are pixels or samples, channels lie side by side.

#ifndef SZK_NETWORKS_H
#define SZK_NETWORKS_H

#include "elementary.h"
#include "products.h"
#include "transposes.h"

#pragma clang fp contract(fast)

/// tanh x = e / (e + 2) with e = exp(2 x) - 1, relatively accurate also for small x.
SZK_INLINE floats tanhOf(floats x) {
  floats twice = x + x;
  floats e = expMinusOne(atMost(atLeast(twice, -0.5f), 0.5f));
  floats near = e / (e + 2.0f);
  floats far = 1.0f - 2.0f / (1.0f + expInRange(atMost(magnitude(twice), 80.0f)));
  far = choose(x < 0.0f, -far, far);
  return choose(magnitude(twice) > 0.5f, far, near);
}

SZK_INLINE floats swish(floats x) {
  return x / (1.0f + expInRange(atMost(atLeast(-x, -87.3f), 87.3f)));
}

SZK_INLINE floats nonlinear(szk_nonlinearity kind, floats x) {
  switch (kind) {
    case SZK_HYPERBOLIC_TANGENT:
      return tanhOf(x);
    case SZK_LOGISTIC:
      return logistic(x);
    case SZK_SOFTPLUS:
      return softplus(x);
    case SZK_SWISH:
      return swish(x);
    case SZK_LEAKY_RECTIFIER:
      return choose(x > 0.0f, x, x * 0.05f);
    default:
      return x;
  }
}

/// x logistic(x) has the slope l (1 + x (1 - l)).
SZK_INLINE floats swishSlope(floats x) {
  floats l = logistic(x);
  return l * (1.0f + x * (1.0f - l));
}

SZK_INLINE floats slopeOf(szk_nonlinearity kind, floats x) {
  switch (kind) {
    case SZK_HYPERBOLIC_TANGENT: {
      floats a = tanhOf(x);
      return 1.0f - a * a;
    }
    case SZK_LOGISTIC: {
      floats a = logistic(x);
      return a * (1.0f - a);
    }
    case SZK_SOFTPLUS:
      return logistic(x);
    case SZK_SWISH:
      return swishSlope(x);
    case SZK_LEAKY_RECTIFIER:
      return choose(x > 0.0f, broadcast(1), broadcast(0.05f));
    default:
      return broadcast(1);
  }
}

/// Runs `body` with i, the place, and n, the lanes that are left there.
#define SZK_FOR_LANES(count)                                                            \
  for (size_t i = 0, n; n = (count)-i < SZK_LANES ? (count)-i : SZK_LANES, i < (count); \
       i += SZK_LANES)

#define SZK_KINDS(call)                                                                \
  switch (kind) {                                                                      \
    call(SZK_HYPERBOLIC_TANGENT) call(SZK_LOGISTIC) call(SZK_SOFTPLUS) call(SZK_SWISH) \
        call(SZK_LEAKY_RECTIFIER) default : break;                                     \
  }

static void activate(szk_nonlinearity kind, const float *x, size_t count, float *out) {
#define SZK_CASE(k)                                                                   \
  case k:                                                                             \
    SZK_FOR_LANES(count) { storePart(out + i, nonlinear(k, loadPart(x + i, n)), n); } \
    break;
  SZK_KINDS(SZK_CASE)
#undef SZK_CASE
}

static void activationGradient(szk_nonlinearity kind, const float *x, const float *slopes,
                               size_t count, int accumulates, float *out) {
#define SZK_CASE(k)                                                        \
  case k:                                                                  \
    SZK_FOR_LANES(count) {                                                 \
      floats v = loadPart(slopes + i, n) * slopeOf(k, loadPart(x + i, n)); \
      storePart(out + i, accumulates ? v + loadPart(out + i, n) : v, n);   \
    }                                                                      \
    break;
  SZK_KINDS(SZK_CASE)
#undef SZK_CASE
}

static void addScaled(const float *x, size_t count, float scale, int accumulates, float *out) {
  SZK_FOR_LANES(count) {
    floats v = scale * loadPart(x + i, n);
    storePart(out + i, accumulates ? v + loadPart(out + i, n) : v, n);
  }
}

static void sumOf(const float *u, const float *v, size_t count, float scale, float *out) {
  SZK_FOR_LANES(count) { storePart(out + i, loadPart(u + i, n) + scale * loadPart(v + i, n), n); }
}

static void copyRows(const float *in, size_t inStride, size_t rows, size_t columns, int accumulates,
                     float *out, size_t outStride) {
  for (size_t r = 0; r < rows; r++, in += inStride, out += outStride) {
    size_t c = 0;
    for (; c + SZK_LANES <= columns; c += SZK_LANES) {
      floats v = loadAnywhere(in + c);
      v = accumulates ? v + loadAnywhere(out + c) : v;
      memcpy(out + c, &v, sizeof v);
    }
    if (!accumulates) {
      copyPart(out + c, in + c, columns - c);
    } else {
      for (; c < columns; c++) {
        out[c] += in[c];
      }
    }
  }
}

static void columnSums(const float *x, size_t stride, size_t rows, size_t columns, float *out) {
  SZK_FOR_LANES(columns) {
    floats sums[4] = {{0}, {0}, {0}, {0}};
    size_t r = 0;
    for (; r + 4 <= rows; r += 4) {
      for (size_t k = 0; k < 4; k++) {
        sums[k] += loadPart(x + (r + k) * stride + i, n);
      }
    }
    for (; r < rows; r++) {
      sums[0] += loadPart(x + r * stride + i, n);
    }
    storePart(out + i, loadPart(out + i, n) + ((sums[0] + sums[1]) + (sums[2] + sums[3])), n);
  }
}

/// Replaces the sums of channels by m, scale times the sum of their group, or by 1 / sqrt(m + epsilon).
SZK_INLINE void sumGroups(float *sums, size_t channels, size_t groups, float scale, int isSpread,
                          float epsilon) {
  size_t size = channels / groups;
  for (size_t g = 0; g < groups; g++) {
    float *p = sums + g * size, m;
    if (size % SZK_LANES == 0) {
      floats v = loadAnywhere(p);
      for (size_t c = SZK_LANES; c < size; c += SZK_LANES) {
        v += loadAnywhere(p + c);
      }
      m = (float)total(lowDoubles(v) + highDoubles(v)) * scale;
    } else {
      double d = 0;
      for (size_t c = 0; c < size; c++) {
        d += p[c];
      }
      m = (float)d * scale;
    }
    m = isSpread ? 1.0f / __builtin_sqrtf(m + epsilon) : m;
    for (size_t c = 0; c < size; c++) {
      p[c] = m;
    }
  }
}

static void normalize(const float *x, size_t samples, size_t pixels, size_t channels, size_t groups,
                      float epsilon, const float *modulation, size_t modulationStride, int isSwish,
                      float *statistics, float *out) {
  float scale = 1.0f / ((float)pixels * (float)(channels / groups));
  for (size_t s = 0; s < samples; s++, x += pixels * channels, out += pixels * channels) {
    float *means = statistics + s * 2 * channels, *inverses = means + channels;
    for (int pass = 0; pass < 2; pass++) {
      SZK_FOR_LANES(channels) {
        floats m = pass ? loadPart(means + i, n) : broadcast(0), sums[4] = {{0}, {0}, {0}, {0}};
        for (size_t p = 0; p < pixels; p++) {
          floats v = loadPart(x + p * channels + i, n) - m;
          sums[p % 4] += pass ? v * v : v;
        }
        storePart((pass ? inverses : means) + i, (sums[0] + sums[1]) + (sums[2] + sums[3]), n);
      }
      sumGroups(pass ? inverses : means, channels, groups, scale, pass, epsilon);
    }
    const float *row = modulation ? modulation + s * modulationStride : 0;
    SZK_FOR_LANES(channels) {
      floats m = loadPart(means + i, n), inverse = loadPart(inverses + i, n);
      floats gain = inverse, shift = broadcast(0);
      if (row) {
        gain = inverse * (1.0f + loadPart(row + i, n));
        shift = loadPart(row + channels + i, n);
      }
      for (size_t p = 0; p < pixels; p++) {
        floats v = (loadPart(x + p * channels + i, n) - m) * gain + shift;
        storePart(out + p * channels + i, isSwish ? swish(v) : v, n);
      }
    }
  }
}

static void normalizationGradient(const float *x, size_t samples, size_t pixels, size_t channels,
                                  size_t groups, const float *modulation, size_t modulationStride,
                                  int isSwish, const float *statistics, const float *slopes,
                                  float *modulationGradient, size_t modulationGradientStride,
                                  int accumulates, float *out, float *workspace) {
  float scale = 1.0f / ((float)pixels * (float)(channels / groups));
  float *first = workspace, *second = first + channels, *held = second + channels;
  for (size_t s = 0; s < samples; s++, x += pixels * channels, slopes += pixels * channels) {
    const float *means = statistics + s * 2 * channels, *inverses = means + channels;
    const float *row = modulation ? modulation + s * modulationStride : 0;
    float *grow = modulationGradient ? modulationGradient + s * modulationGradientStride : 0;
    SZK_FOR_LANES(channels) {
      floats m = loadPart(means + i, n), inverse = loadPart(inverses + i, n);
      floats gain = broadcast(1), shift = broadcast(0);
      if (row) {
        gain = 1.0f + loadPart(row + i, n);
        shift = loadPart(row + channels + i, n);
      }
      floats a[2] = {{0}, {0}}, b[2] = {{0}, {0}};
      for (size_t p = 0; p < pixels; p++) {
        floats v = (loadPart(x + p * channels + i, n) - m) * inverse;
        floats d = loadPart(slopes + p * channels + i, n);
        if (isSwish) {
          d *= swishSlope(v * gain + shift);
          storePart(held + p * channels + i, d, n);
        }
        a[p % 2] += d;
        b[p % 2] += d * v;
      }
      a[0] += a[1];
      b[0] += b[1];
      if (grow) {
        storePart(grow + i, loadPart(grow + i, n) + b[0], n);
        storePart(grow + channels + i, loadPart(grow + channels + i, n) + a[0], n);
      }
      storePart(first + i, a[0] * gain, n);
      storePart(second + i, b[0] * gain, n);
    }
    if (out) {
      sumGroups(first, channels, groups, scale, 0, 0);
      sumGroups(second, channels, groups, scale, 0, 0);
      const float *d = isSwish ? held : slopes;
      SZK_FOR_LANES(channels) {
        floats m = loadPart(means + i, n), inverse = loadPart(inverses + i, n);
        floats gain = row ? 1.0f + loadPart(row + i, n) : broadcast(1);
        floats a = loadPart(first + i, n), b = loadPart(second + i, n);
        for (size_t p = 0; p < pixels; p++) {
          floats v = (loadPart(x + p * channels + i, n) - m) * inverse;
          floats g = inverse * (gain * loadPart(d + p * channels + i, n) - a - v * b);
          float *place = out + p * channels + i;
          storePart(place, accumulates ? g + loadPart(place, n) : g, n);
        }
      }
      out += pixels * channels;
    }
  }
}

static void poolPixels(const float *x, size_t samples, size_t height, size_t width, size_t channels,
                       float scale, int accumulates, float *out) {
  size_t row = 2 * width * channels;
  for (size_t y = 0; y < samples * height; y++) {
    for (size_t c = 0; c < width; c++) {
      const float *p = x + 2 * y * row + 2 * c * channels;
      float *q = out + (y * width + c) * channels;
      SZK_FOR_LANES(channels) {
        floats v = (loadPart(p + i, n) + loadPart(p + channels + i, n)) +
                   (loadPart(p + row + i, n) + loadPart(p + row + channels + i, n));
        v *= scale;
        storePart(q + i, accumulates ? v + loadPart(q + i, n) : v, n);
      }
    }
  }
}

static void spreadPixels(const float *x, size_t samples, size_t height, size_t width,
                         size_t channels, float scale, int accumulates, float *out) {
  size_t row = 2 * width * channels;
  for (size_t y = 0; y < samples * height; y++) {
    for (size_t c = 0; c < width; c++) {
      const float *p = x + (y * width + c) * channels;
      float *q = out + 2 * y * row + 2 * c * channels;
      SZK_FOR_LANES(channels) {
        floats v = scale * loadPart(p + i, n);
        for (size_t k = 0; k < 4; k++) {
          float *place = q + (k / 2) * row + (k % 2) * channels + i;
          storePart(place, accumulates ? v + loadPart(place, n) : v, n);
        }
      }
    }
  }
}

/// |x - c|^2 / w^2 of sixteen units.
SZK_INLINE floats scaledDistance(const float *x, size_t inputs, const float *centers, size_t stride,
                                 floats inverse) {
  floats square = broadcast(0);
  for (size_t k = 0; k < inputs; k++) {
    floats d = (splat(x[k]) - loadAnywhere(centers + k * stride)) * inverse;
    square += d * d;
  }
  return square;
}

// Sixteen rows side by side, unit after unit, which leaves no sums across lanes.
static void radialBasis(const float *x, size_t stride, size_t rows, size_t inputs,
                        const float *centers, size_t centerStride, const float *logWidths,
                        size_t units, float *out) {
  float inverses[SZK_MOST_UNITS];
  floats values[SZK_MOST_UNITS];
  SZK_FOR_LANES(units) { storePart(inverses + i, expOf(-loadPart(logWidths + i, n)), n); }
  for (size_t first = 0; first < rows; first += SZK_LANES) {
    size_t some = rows - first < SZK_LANES ? rows - first : SZK_LANES;
    for (size_t u = 0; u < units; u++) {
      values[u] = broadcast(0);
    }
    for (size_t k = 0; k < inputs; k++) {
      floats v = {0};
      for (size_t r = 0; r < some; r++) {
        v[r] = x[(first + r) * stride + k];
      }
      for (size_t u = 0; u < units; u++) {
        floats d = (v - splat(centers[k * centerStride + u])) * splat(inverses[u]);
        values[u] += d * d;
      }
    }
    floats least = values[0];
    for (size_t u = 1; u < units; u++) {
      least = choose(values[u] < least, values[u], least);
    }
    floats sum = broadcast(0);
    for (size_t u = 0; u < units; u++) {
      values[u] = expOf(0.5f * (least - values[u]));
      sum += values[u];
    }
    sum = 1.0f / sum;
    SZK_FOR_LANES(units) {
      floats tile[SZK_LANES];
      for (size_t l = 0; l < SZK_LANES; l++) {
        tile[l] = l < n ? values[i + l] * sum : broadcast(0);
      }
      transposeTile(tile);
      for (size_t r = 0; r < some; r++) {
        storePart(out + (first + r) * units + i, tile[r], n);
      }
    }
  }
}

static void radialBasisGradient(const float *x, size_t stride, size_t rows, size_t inputs,
                                const float *centers, size_t centerStride, const float *logWidths,
                                size_t units, const float *values, const float *slopes,
                                float *centerGradient, float *widthGradient, int accumulates,
                                float *out) {
  for (size_t r = 0; r < rows; r++, x += stride, values += units, slopes += units) {
    floats mean = broadcast(0);
    SZK_FOR_LANES(units) { mean += loadPart(values + i, n) * loadPart(slopes + i, n); }
    float m = (float)total(lowDoubles(mean) + highDoubles(mean));
    if (out && !accumulates) {
      for (size_t k = 0; k < inputs; k++) {
        out[k] = 0;
      }
    }
    SZK_FOR_LANES(units) {
      floats inverse = expOf(-loadPart(logWidths + i, n));
      floats s = loadPart(values + i, n) * (loadPart(slopes + i, n) - m);
      floats scaled = s * inverse * inverse;
      if (widthGradient) {
        floats square = scaledDistance(x, inputs, centers + i, centerStride, inverse);
        storePart(widthGradient + i, loadPart(widthGradient + i, n) + s * square, n);
      }
      for (size_t k = 0; k < inputs; k++) {
        floats g = scaled * (splat(x[k]) - loadPart(centers + k * centerStride + i, n));
        if (centerGradient) {
          float *place = centerGradient + k * centerStride + i;
          storePart(place, loadPart(place, n) + g, n);
        }
        if (out) {
          out[k] -= (float)total(lowDoubles(g) + highDoubles(g));
        }
      }
    }
    out = out ? out + inputs : 0;
  }
}

static void cosineWaves(const float *x, size_t rows, const float *frequencies, const float *phases,
                        size_t count, float *out) {
  for (size_t r = 0; r < rows; r++, out += count) {
    SZK_FOR_LANES(count) {
      floats t = x[r] * loadPart(frequencies + i, n) + loadPart(phases + i, n);
      floats whole = __builtin_convertvector(__builtin_convertvector(t, ints), floats);
      t -= whole;
      t = choose(t < 0.0f, t + 1.0f, t);
      storePart(out + i, cosOfTurns(t), n);
    }
  }
}

SZK_INLINE floats rootOf(floats x) { return __builtin_elementwise_sqrt(x); }

static void adam(szk_adam rule, const float *gradient, size_t count, float *first, float *second,
                 float *parameters) {
  SZK_FOR_LANES(count) {
    floats g = loadPart(gradient + i, n);
    floats m = rule.firstDecay * loadPart(first + i, n) + (1 - rule.firstDecay) * g;
    floats s = rule.secondDecay * loadPart(second + i, n) + (1 - rule.secondDecay) * g * g;
    storePart(first + i, m, n);
    storePart(second + i, s, n);
    floats p = loadPart(parameters + i, n);
    storePart(parameters + i, p + rule.step * m / (rootOf(s) * rule.scale + rule.epsilon), n);
  }
}

static void movingAverage(const float *x, size_t count, float decay, float *average) {
  SZK_FOR_LANES(count) {
    floats a = loadPart(average + i, n);
    storePart(average + i, a + (1 - decay) * (loadPart(x + i, n) - a), n);
  }
}

#endif
