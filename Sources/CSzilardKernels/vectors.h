// SPDX-License-Identifier: Apache-2.0
//
// Sixteen lanes as one value: the compiler splits it into what the level has.

#ifndef SZK_VECTORS_H
#define SZK_VECTORS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "CSzilardKernels.h"

// Wide values are passed between inlined functions only, so their calling convention never matters.
#pragma clang diagnostic ignored "-Wpsabi"

#define SZK_INLINE static inline __attribute__((always_inline))

typedef float floats __attribute__((vector_size(64)));
typedef int32_t ints __attribute__((vector_size(64)));
typedef uint32_t words __attribute__((vector_size(64)));
typedef double doubles __attribute__((vector_size(64)));
typedef int64_t longs __attribute__((vector_size(64)));
typedef uint64_t longWords __attribute__((vector_size(64)));
typedef float halfFloats __attribute__((vector_size(32)));
typedef _Bool flags __attribute__((ext_vector_type(16)));

_Static_assert(sizeof(flags) == 2, "sixteen flags are two bytes");
_Static_assert(sizeof(floats) == SZK_LANES * sizeof(float), "one value is one tile");

SZK_INLINE floats load(const float *p) {
  floats v;
  memcpy(&v, __builtin_assume_aligned(p, 64), sizeof v);
  return v;
}

SZK_INLINE void store(float *p, floats v) { memcpy(__builtin_assume_aligned(p, 64), &v, sizeof v); }

enum { doubleLanes = 8 };

/// Eight doubles, which need not be aligned.
SZK_INLINE doubles loadDoubles(const double *p) {
  doubles v;
  memcpy(&v, p, sizeof v);
  return v;
}

SZK_INLINE void storeDoubles(double *p, doubles v) { memcpy(p, &v, sizeof v); }

SZK_INLINE floats broadcast(float x) { return (floats){0} + x; }

/// Copies `count` < 16 floats, without a call.
SZK_INLINE void copyPart(float *to, const float *from, size_t count) {
  size_t done = 0;
  if (count & 8) {
    memcpy(to, from, 8 * sizeof(float));
    done = 8;
  }
  if (count & 4) {
    memcpy(to + done, from + done, 4 * sizeof(float));
    done += 4;
  }
  if (count & 2) {
    memcpy(to + done, from + done, 2 * sizeof(float));
    done += 2;
  }
  if (count & 1) {
    to[done] = from[done];
  }
}

/// The `count` <= 16 floats at p, which need not be aligned, then zeros.
SZK_INLINE floats loadPart(const float *p, size_t count) {
  floats v = {0};
  if (count >= SZK_LANES) {
    memcpy(&v, p, sizeof v);
  } else {
    copyPart((float *)&v, p, count);
  }
  return v;
}

/// Writes the first `count` <= 16 lanes to p, which need not be aligned.
SZK_INLINE void storePart(float *p, floats v, size_t count) {
  if (count >= SZK_LANES) {
    memcpy(p, &v, sizeof v);
  } else {
    copyPart(p, (const float *)&v, count);
  }
}

/// Lane by lane: where mask is all ones a, where it is zero b.
SZK_INLINE floats choose(ints mask, floats a, floats b) {
  return (floats)((mask & (ints)a) | (~mask & (ints)b));
}

/// The larger of x and bound; NaN stays NaN.
SZK_INLINE floats atLeast(floats x, float bound) {
  floats b = broadcast(bound);
  return choose(b > x, b, x);
}

/// The smaller of x and bound; NaN stays NaN.
SZK_INLINE floats atMost(floats x, float bound) {
  floats b = broadcast(bound);
  return choose(b < x, b, x);
}

SZK_INLINE floats magnitude(floats x) { return (floats)((words)x & 0x7fffffffu); }

/// Bit l of the result is lane l of the mask.
SZK_INLINE uint32_t packed(ints mask) {
  flags f = __builtin_convertvector(mask, flags);
  uint16_t bits;
  memcpy(&bits, &f, sizeof bits);
  return bits;
}

/// Lane l of the result is all ones where bit l is set.
SZK_INLINE ints unpacked(uint32_t bits) {
  const ints place = {1,      1 << 1, 1 << 2,  1 << 3,  1 << 4,  1 << 5,  1 << 6,  1 << 7,
                      1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15};
  return (((ints){0} + (int32_t)bits) & place) != 0;
}

SZK_INLINE doubles lowDoubles(floats x) {
  return __builtin_convertvector(__builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7), doubles);
}

SZK_INLINE doubles highDoubles(floats x) {
  return __builtin_convertvector(__builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15),
                                 doubles);
}

/// ((0+4)+(2+6)) + ((1+5)+(3+7)).
SZK_INLINE double total(doubles v) {
  double a = v[0] + v[4], b = v[1] + v[5], c = v[2] + v[6], d = v[3] + v[7];
  return (a + c) + (b + d);
}

#endif
