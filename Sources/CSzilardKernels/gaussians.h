// SPDX-License-Identifier: Apache-2.0
//
// Gaussian units, by the transformation of Box and Muller (1958):
//     z = sqrt(-2 ln u) cos(2 pi u'),  out = variance * x + sqrt(variance) * z.

#ifndef SZK_GAUSSIANS_H
#define SZK_GAUSSIANS_H

#include "fields.h"

SZK_INLINE floats squareRoot(floats x) { return __builtin_elementwise_sqrt(x); }

SZK_INLINE floats normalDraw(generators *g) {
  floats radius = uniform(draw(g));
  floats turns = uniform(draw(g));
  return squareRoot(-2.0f * logOf(radius)) * cosOfTurns(turns);
}

static void sampleGaussians(const float *product, size_t stride, size_t rows, size_t columns,
                            szk_field field, const float *variance, szk_lanes *lanes, float *out,
                            size_t outStride) {
  for (size_t top = 0; top < rows; top += SZK_BLOCK_ROWS) {
    szk_field here = fieldFrom(field, top);
    generators g = loadLanes(lanes + top / SZK_BLOCK_ROWS);
    for (size_t tile = 0; tile < tilesOf(columns); tile++) {
      tileField f = fieldOfTile(here, columns, tile);
      floats width = columnTile(variance, columns, tile);
      floats deviation = squareRoot(width);
      for (size_t r = 0; r < SZK_BLOCK_ROWS; r++) {
        floats z = normalDraw(&g);
        if (top + r < rows) {
          floats x = fieldAt(f, load(product + (top + r) * stride + tile * SZK_LANES), r);
          store(out + (top + r) * outStride + tile * SZK_LANES, width * x + deviation * z);
        }
      }
    }
    storeLanes(lanes + top / SZK_BLOCK_ROWS, g);
  }
}

#endif
