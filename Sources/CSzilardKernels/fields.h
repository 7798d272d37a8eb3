// SPDX-License-Identifier: Apache-2.0
//
// What is done with the field x = baseBias + rowScale * (product + slopeBias) of binary units.

#ifndef SZK_FIELDS_H
#define SZK_FIELDS_H

#include "elementary.h"
#include "lanes.h"

SZK_INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

SZK_INLINE size_t tilesOf(size_t columns) { return (columns + SZK_LANES - 1) / SZK_LANES; }

/// Sixteen entries of a vector with one entry per column; null is zero.
SZK_INLINE floats columnTile(const float *values, size_t columns, size_t tile) {
  if (!values) {
    return broadcast(0);
  }
  return loadPart(values + tile * SZK_LANES, columns - tile * SZK_LANES);
}

SZK_INLINE uint32_t columnMask(size_t columns, size_t tile) {
  size_t left = columns - tile * SZK_LANES;
  return left >= SZK_LANES ? 0xffffu : (1u << left) - 1u;
}

/// The field of the rows from `row` on.
SZK_INLINE szk_field fieldFrom(szk_field field, size_t row) {
  field.rowScale = field.rowScale ? field.rowScale + row : 0;
  return field;
}

/// The biases of one tile.
typedef struct tileField {
  floats base, slope;
  const float *rowScale;
} tileField;

SZK_INLINE tileField fieldOfTile(szk_field field, size_t columns, size_t tile) {
  return (tileField){columnTile(field.baseBias, columns, tile),
                     columnTile(field.slopeBias, columns, tile), field.rowScale};
}

SZK_INLINE floats fieldAt(tileField f, floats product, size_t row) {
  float scale = f.rowScale ? f.rowScale[row] : 1.0f;
  return f.base + scale * (product + f.slope);
}

/// Writes the 16 bits of a tile, and zeros up to the end of its word when it is the last tile.
SZK_INLINE void storeBits(uint64_t *row, size_t tile, size_t tiles, uint32_t bits) {
  if (tile + 1 < tiles) {
    uint16_t half = (uint16_t)bits;
    memcpy((char *)row + 2 * tile, &half, sizeof half);
  } else {
    size_t place = 16 * (tile % 4);
    uint64_t below = row[tile / 4] & (((uint64_t)1 << place) - 1);
    row[tile / 4] = below | (uint64_t)bits << place;
  }
}

/// Bits of one tile for `rows` <= 16 rows of one block. All 16 draws are made, so that the lanes
/// move on alike however many rows the block has.
static void sampleTile(const float *product, size_t stride, size_t rows, size_t tile,
                       size_t columns, szk_field field, szk_lanes *lanes, uint64_t *outBits,
                       size_t outBitStride) {
  tileField f = fieldOfTile(field, columns, tile);
  size_t tiles = tilesOf(columns);
  uint32_t mask = columnMask(columns, tile);
  generators g = loadLanes(lanes);
  for (size_t r = 0; r < SZK_BLOCK_ROWS; r++) {
    words x = draw(&g);
    if (r < rows) {
      floats p = logistic(fieldAt(f, load(product + r * stride), r));
      storeBits(outBits + r * outBitStride, tile, tiles, packed(isBelow(x, p)) & mask);
    }
  }
  storeLanes(lanes, g);
}

static void sampleFields(const float *product, size_t stride, size_t rows, size_t columns,
                         szk_field field, szk_lanes *lanes, uint64_t *outBits,
                         size_t outBitStride) {
  for (size_t top = 0; top < rows; top += SZK_BLOCK_ROWS) {
    szk_field here = fieldFrom(field, top);
    for (size_t tile = 0; tile < tilesOf(columns); tile++) {
      sampleTile(product + top * stride + tile * SZK_LANES, stride,
                 smaller(rows - top, SZK_BLOCK_ROWS), tile, columns, here,
                 lanes + top / SZK_BLOCK_ROWS, outBits + top * outBitStride, outBitStride);
    }
  }
}

/// Means of one tile.
static void meansOfTile(const float *product, size_t stride, size_t rows, size_t tile,
                        size_t columns, szk_field field, float *out, size_t outStride) {
  tileField f = fieldOfTile(field, columns, tile);
  for (size_t r = 0; r < rows; r++) {
    store(out + r * outStride, logistic(fieldAt(f, load(product + r * stride), r)));
  }
}

static void meansOfFields(const float *product, size_t stride, size_t rows, size_t columns,
                          szk_field field, float *out, size_t outStride) {
  for (size_t top = 0; top < rows; top += SZK_BLOCK_ROWS) {
    szk_field here = fieldFrom(field, top);
    for (size_t tile = 0; tile < tilesOf(columns); tile++) {
      meansOfTile(product + top * stride + tile * SZK_LANES, stride,
                  smaller(rows - top, SZK_BLOCK_ROWS), tile, columns, here,
                  out + top * outStride + tile * SZK_LANES, outStride);
    }
  }
}

static void softplusSums(const float *product, size_t stride, size_t rows, size_t columns,
                         szk_field field, double *out) {
  for (size_t r = 0; r < rows; r++) {
    doubles low = {0}, high = {0};
    for (size_t tile = 0; tile < tilesOf(columns); tile++) {
      tileField f = fieldOfTile(field, columns, tile);
      floats value = softplus(fieldAt(f, load(product + r * stride + tile * SZK_LANES), r));
      value = choose(unpacked(columnMask(columns, tile)), value, broadcast(0));
      low += lowDoubles(value);
      high += highDoubles(value);
    }
    out[r] += total(low + high);
  }
}

static void softplusDifferences(const float *product, size_t stride, size_t rows, size_t columns,
                                szk_field field, float scaleFrom, float scaleTo, double *out) {
  float step = scaleTo - scaleFrom;
  for (size_t r = 0; r < rows; r++) {
    doubles low = {0}, high = {0};
    for (size_t tile = 0; tile < tilesOf(columns); tile++) {
      floats base = columnTile(field.baseBias, columns, tile);
      floats slope = columnTile(field.slopeBias, columns, tile);
      floats s = load(product + r * stride + tile * SZK_LANES) + slope;
      floats value = softplusDifference(base + scaleFrom * s, step * s);
      value = choose(unpacked(columnMask(columns, tile)), value, broadcast(0));
      low += lowDoubles(value);
      high += highDoubles(value);
    }
    out[r] += total(low + high);
  }
}

static void bitDots(const uint64_t *bits, size_t bitStride, size_t rows, size_t columns,
                    const float *values, double *out) {
  for (size_t r = 0; r < rows; r++) {
    const uint64_t *row = bits + r * bitStride;
    doubles low = {0}, high = {0};
    for (size_t tile = 0; tile < tilesOf(columns); tile++) {
      uint32_t here = (uint32_t)(row[tile / 4] >> 16 * (tile % 4)) & 0xffffu;
      floats value = choose(unpacked(here), columnTile(values, columns, tile), broadcast(0));
      low += lowDoubles(value);
      high += highDoubles(value);
    }
    out[r] += total(low + high);
  }
}

static void uniforms(szk_lanes *lanes, size_t count, float *out) {
  generators g = loadLanes(lanes);
  for (size_t i = 0; i < count; i += SZK_LANES) {
    floats u = uniform(draw(&g));
    memcpy(out + i, &u, smaller(count - i, SZK_LANES) * sizeof(float));
  }
  storeLanes(lanes, g);
}

#endif
