// SPDX-License-Identifier: Apache-2.0
//
// The product of a bit matrix with a float matrix by tables of partial sums.
//
//     out[r, c] = sum_g T_g[code(r, g), c],    T_g[k, c] = sum_{j < 5} (bit j of k) weights[5 g +
//     j, c]
//
// Order of summation, the same for every level and every number of rows: the set rows of a group
// in ascending order, then the groups in ascending order. Only additions are made.

#ifndef SZK_TABLE_PRODUCT_H
#define SZK_TABLE_PRODUCT_H

#include "fields.h"
#if defined(SZK_REGISTER_TABLES)
#include "register_tables.h"
#else
#include "memory_tables.h"
#endif

/// What becomes of the sums.
typedef enum purpose { keepProduct, keepMeans, keepSample } purpose;

/// Where it goes.
typedef struct destination {
  size_t firstTile, lastTile, columns;
  szk_field field;
  float *out;
  size_t outStride;
  szk_lanes *lanes;
  uint64_t *outBits;
  size_t outBitStride;
} destination;

/// One tile of up to 16 rows, the first of which is row `top` of the call.
SZK_INLINE void finishBlock(purpose use, const float *sums, size_t top, size_t rows, size_t tile,
                            const destination *to) {
  if (use == keepProduct) {
    float *out = to->out + top * to->outStride + tile * SZK_LANES;
    for (size_t r = 0; r < rows; r++) {
      store(out + r * to->outStride, load(sums + r * SZK_LANES));
    }
    return;
  }
  szk_field field = fieldFrom(to->field, top);
  if (use == keepMeans) {
    meansOfTile(sums, SZK_LANES, rows, tile, to->columns, field,
                to->out + top * to->outStride + tile * SZK_LANES, to->outStride);
  } else {
    sampleTile(sums, SZK_LANES, rows, tile, to->columns, field, to->lanes + top / SZK_BLOCK_ROWS,
               to->outBits + top * to->outBitStride, to->outBitStride);
  }
}

/// Chunks of rows, strips of four tiles, blocks of rows, tiles of the strip.
SZK_INLINE void productFor(purpose use, const uint64_t *bits, size_t bitStride, size_t rows,
                           size_t inner, const float *weights, size_t weightStride, void *scratch,
                           const destination *to) {
  workspace space = workspaceIn(scratch, rows);
  for (size_t top = 0; top < rows; top += chunkRows) {
    size_t count = smaller(rows - top, chunkRows);
    extractCodes(bits + top * bitStride, bitStride, count, inner, space.codes);
    for (size_t tile = to->firstTile; tile < to->lastTile; tile += stripTiles) {
      size_t tiles = smaller(to->lastTile - tile, stripTiles);
      productStrip(space, count, inner, weights + tile * SZK_LANES, weightStride, tiles);
      for (size_t r = 0; r < count; r += SZK_BLOCK_ROWS) {
        for (size_t t = 0; t < tiles; t++) {
          finishBlock(use, rowsOfBlock(space, count, t, r / SZK_BLOCK_ROWS), top + r,
                      smaller(count - r, SZK_BLOCK_ROWS), tile + t, to);
        }
      }
    }
  }
}

static void product(const uint64_t *bits, size_t bitStride, size_t rows, size_t inner,
                    const float *weights, size_t weightStride, size_t firstTile, size_t lastTile,
                    float *out, size_t outStride, void *scratch) {
  destination to = {
      .firstTile = firstTile, .lastTile = lastTile, .out = out, .outStride = outStride};
  productFor(keepProduct, bits, bitStride, rows, inner, weights, weightStride, scratch, &to);
}

static void means(const uint64_t *bits, size_t bitStride, size_t rows, size_t inner,
                  const float *weights, size_t weightStride, size_t columns, szk_field field,
                  float *out, size_t outStride, void *scratch) {
  destination to = {.lastTile = tilesOf(columns),
                    .columns = columns,
                    .field = field,
                    .out = out,
                    .outStride = outStride};
  productFor(keepMeans, bits, bitStride, rows, inner, weights, weightStride, scratch, &to);
}

static void sample(const uint64_t *bits, size_t bitStride, size_t rows, size_t inner,
                   const float *weights, size_t weightStride, size_t columns, szk_field field,
                   szk_lanes *lanes, uint64_t *outBits, size_t outBitStride, void *scratch) {
  destination to = {.lastTile = tilesOf(columns),
                    .columns = columns,
                    .field = field,
                    .lanes = lanes,
                    .outBits = outBits,
                    .outBitStride = outBitStride};
  productFor(keepSample, bits, bitStride, rows, inner, weights, weightStride, scratch, &to);
}

#endif
