// SPDX-License-Identifier: Apache-2.0
//
// exp, ln, logistic and softplus on sixteen lanes. The polynomials are weighted least-squares fits
// iterated towards equal ripple (Documentation/Design/0001-binary-kernels.md has their errors).

#ifndef SZK_ELEMENTARY_H
#define SZK_ELEMENTARY_H

#include "vectors.h"

// a * b + c may round once here: the polynomials are written for it.
#pragma clang fp contract(fast)

/// x = n ln 2 + r with |r| <= (ln 2) / 2: exp x = 2^n (1 + r + r^2 q(r)).
/// Requires -87.3 <= x <= 88; NaN stays NaN.
SZK_INLINE floats expInRange(floats x) {
  const float toInteger = 0x1.8p23f;
  floats shifted = x * 0x1.715476p+0f + toInteger;
  floats n = shifted - toInteger;
  floats r = x - n * 0x1.62e4p-1f;
  r = r - n * 0x1.7f7d1cp-20f;
  floats q = r * 0x1.6a1a6ep-10f + 0x1.123fc6p-7f;
  q = q * r + 0x1.555916p-5f;
  q = q * r + 0x1.55548ap-3f;
  q = q * r + 0x1.fffffcp-2f;
  floats p = (r * r) * q + r;
  floats scale = (floats)(((words)shifted << 23) + 0x3f800000u);
  return p * scale + scale;
}

/// exp x, 0 below -87.3 (where the result would leave the normal numbers).
SZK_INLINE floats expOf(floats x) {
  floats e = expInRange(atMost(atLeast(x, -87.3f), 88.0f));
  return choose(x < -87.3f, broadcast(0), e);
}

/// logistic(x) = 1 / (1 + exp(-x)); constant outside [-87.3, 87.3].
SZK_INLINE floats logistic(floats x) {
  return 1.0f / (1.0f + expInRange(atMost(atLeast(-x, -87.3f), 87.3f)));
}

/// ln((1 + s) / (1 - s)) = 2 s (1 + z a(z)), z = s^2 <= 1/9.
SZK_INLINE floats twiceAtanh(floats s) {
  floats z = s * s;
  floats a = z * 0x1.f4b87ap-4f + 0x1.b616b2p-4f;
  a = a * z + 0x1.251184p-3f;
  a = a * z + 0x1.999664p-3f;
  a = a * z + 0x1.555558p-2f;
  floats twice = s + s;
  return (twice * z) * a + twice;
}

/// ln(1 + t) for -1/2 <= t <= 1, relatively accurate also for small t.
SZK_INLINE floats logOnePlus(floats t) { return twiceAtanh(t / (2.0f + t)); }

/// exp(d) - 1 for |d| <= 1/2, relatively accurate also for small d.
SZK_INLINE floats expMinusOne(floats d) {
  floats q = d * 0x1.a3692ep-13f + 0x1.6f0cd6p-10f;
  q = q * d + 0x1.110eb4p-7f;
  q = q * d + 0x1.555244p-5f;
  q = q * d + 0x1.555558p-3f;
  q = q * d + 0x1.000002p-1f;
  return (d * d) * q + d;
}

/// ln(1 + exp(-|x|)).
SZK_INLINE floats softplusTail(floats x) { return logOnePlus(expOf(-magnitude(x))); }

/// softplus(x) = ln(1 + exp x) = max(x, 0) + ln(1 + exp(-|x|)).
SZK_INLINE floats softplus(floats x) { return atLeast(x, 0) + softplusTail(x); }

/// softplus(x + d) - softplus(x). With |d| <= 1/2 it is ln(1 + logistic(x) (exp(d) - 1));
/// else the difference of both, in which x + d - x is taken to be d.
SZK_INLINE floats softplusDifference(floats x, floats d) {
  floats near = logOnePlus(logistic(x) * expMinusOne(atMost(atLeast(d, -0.5f), 0.5f)));
  ints isFar = magnitude(d) > 0.5f;
  if (!packed(isFar)) {
    return near;
  }
  floats y = x + d;
  floats ramp = choose((x > 0.0f) & (y > 0.0f), d, atLeast(y, 0) - atLeast(x, 0));
  floats far = ramp + (softplusTail(y) - softplusTail(x));
  return choose(isFar, far, near);
}

/// ln x for normal x > 0: x = m 2^n with sqrt(1/2) <= m < sqrt(2).
SZK_INLINE floats logOf(floats x) {
  const uint32_t rootHalf = 0x3f3504f3u;
  words shifted = (words)x - rootHalf;
  floats n = __builtin_convertvector((ints)shifted >> 23, floats);
  floats m = (floats)((shifted & 0x007fffffu) + rootHalf);
  floats t = m - 1.0f;
  return n * 0x1.62e4p-1f + (twiceAtanh(t / (2.0f + t)) + n * 0x1.7f7d1cp-20f);
}

/// cos(2 pi t) for 0 <= t < 1: with y = 1 - 4 |t - 1/2|, it is -sin((pi / 2) y) = -y p(y^2).
SZK_INLINE floats cosOfTurns(floats t) {
  floats y = 4.0f * magnitude(t - 0.5f) - 1.0f;
  floats z = y * y;
  floats p = z * 0x1.3daff6p-13f - 0x1.324ccap-8f;
  p = p * z + 0x1.4668b0p-4f;
  p = p * z - 0x1.4abbc2p-1f;
  p = p * z + 0x1.921fb6p+0f;
  return y * p;
}

/// Natural logarithm of a normal positive double, for the last step of long sums.
SZK_INLINE double logOfDouble(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  const uint64_t rootHalf = 0x3fe6a09e667f3bcdu;
  uint64_t shifted = bits - rootHalf;
  double n = (double)((int64_t)shifted >> 52);
  bits = (shifted & 0x000fffffffffffffu) + rootHalf;
  double m;
  memcpy(&m, &bits, sizeof m);
  double s = (m - 1.0) / (m + 1.0), z = s * s, a = 1.0 / 23;
  for (int k = 21; k >= 3; k -= 2) {
    a = a * z + 1.0 / k;
  }
  return n * 0x1.62e42feep-1 + ((2 * s + 2 * s * (z * a)) + n * 0x1.a39ef35793c76p-33);
}

#endif
