// SPDX-License-Identifier: Apache-2.0
//
// Sums of ln(1 + high * low) for exact enumeration: factors are multiplied, exponents are split off
// before a product can overflow, and one logarithm is taken at the end.

#ifndef SZK_ENUMERATION_H
#define SZK_ENUMERATION_H

#include "elementary.h"

enum { factorsPerSplit = 8 };

/// Moves the exponents of `products` to `exponents`; what stays is in [1, 2).
SZK_INLINE void splitExponents(doubles *products, longWords *exponents) {
  longWords bits = (longWords)*products;
  *exponents += (bits >> 52) - 1023;
  *products = (doubles)((bits & 0x000fffffffffffffu) | 0x3ff0000000000000u);
}

static void logOnePlusProducts(const double *factorHigh, const double *factorLow, size_t count,
                               size_t rows, double *out) {
  for (size_t k = 0; k < rows; k++) {
    const double *low = factorLow + k * count;
    doubles products = (doubles){0} + 1.0;
    longWords exponents = {0};
    size_t i = 0;
    while (i + doubleLanes <= count) {
      for (size_t n = 0; n < factorsPerSplit && i + doubleLanes <= count; n++, i += doubleLanes) {
        products *= loadDoubles(factorHigh + i) * loadDoubles(low + i) + 1.0;
      }
      splitExponents(&products, &exponents);
    }
    double rest = 1;
    for (; i < count; i++) {
      rest *= factorHigh[i] * low[i] + 1.0;
    }
    int64_t exponent = 0;
    double product = 1;
    for (size_t lane = 0; lane < doubleLanes; lane++) {
      product *= products[lane];
      exponent += (int64_t)exponents[lane];
    }
    out[k] = (logOfDouble(product) + logOfDouble(rest)) + (double)exponent * 0x1.62e42fefa39efp-1;
  }
}

#endif
