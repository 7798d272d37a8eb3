// SPDX-License-Identifier: Apache-2.0
//
// xoshiro128+ (Blackman and Vigna, 2021), one generator per lane.

#ifndef SZK_LANES_H
#define SZK_LANES_H

#include "vectors.h"

typedef struct generators {
  words s0, s1, s2, s3;
} generators;

SZK_INLINE generators loadLanes(const szk_lanes *lanes) {
  generators g;
  memcpy(&g, lanes, sizeof g);
  return g;
}

SZK_INLINE void storeLanes(szk_lanes *lanes, generators g) { memcpy(lanes, &g, sizeof g); }

SZK_INLINE words draw(generators *g) {
  words result = g->s0 + g->s3;
  words shifted = g->s1 << 9;
  g->s2 ^= g->s0;
  g->s3 ^= g->s1;
  g->s1 ^= g->s2;
  g->s0 ^= g->s3;
  g->s2 ^= shifted;
  g->s3 = (g->s3 << 11) | (g->s3 >> 21);
  return result;
}

/// 2^25 u, where u = ((x >> 8) + 1/2) 2^-24. The odd number 2 (x >> 8) + 1 has 25 bits; where it
/// does not fit a float it is rounded towards zero, which leaves every comparison u < p with a
/// float p as it is for real numbers and keeps u below 1.
SZK_INLINE floats scaledUniform(words x) {
  words odd = (x >> 7) | 1u;
  odd &= ~(odd >> 24);
  return __builtin_convertvector((ints)odd, floats);
}

SZK_INLINE floats uniform(words x) { return scaledUniform(x) * 0x1p-25f; }

/// u < p, lane by lane.
SZK_INLINE ints isBelow(words x, floats p) { return scaledUniform(x) < p * 0x1p25f; }

#endif
