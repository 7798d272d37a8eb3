// SPDX-License-Identifier: Apache-2.0
//
// Products of networks in float: rows times weights, 3x3 convolutions as such products with shifted
// rows, and their gradients. Sums of a block of rows times one or two tiles of columns stay in
// registers; nothing is copied or packed. Each row's sums run in one order whatever the block.

#ifndef SZK_PRODUCTS_H
#define SZK_PRODUCTS_H

#include "vectors.h"

// a * b + c may round once here, as in a fused multiply-add.
#pragma clang fp contract(fast)

// Rows of a block of one tile, and of a block of all its tiles: as many as leave registers for weights
// and one broadcast.
#ifdef SZK_REGISTER_TABLES
enum { blockRows = 14, wideRows = 12, blockTiles = 2 };
#else
enum { blockRows = 4, wideRows = 4, blockTiles = 1 };
#endif

/// x in all lanes, also where x is -0: one load, which a multiply-add can take from memory.
SZK_INLINE floats splat(float x) {
  return (floats){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

static const ints lanePlaces = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/// Sixteen floats, which need not be aligned.
SZK_INLINE floats loadAnywhere(const float *p) {
  floats v;
  memcpy(&v, p, sizeof v);
  return v;
}

#define SZK_UNROLLED _Pragma("clang loop unroll(full)")

/// Adds `steps` numbers of each row times as many rows of weights. Several at once, because one address
/// of a row then serves them all.
SZK_INLINE void productSteps(const size_t rows, const size_t tiles, const size_t steps,
                             const float *x, size_t inStride, const float *weights,
                             size_t weightStride, floats sums[blockRows][blockTiles]) {
  floats w[4][blockTiles];
  SZK_UNROLLED for (size_t s = 0; s < steps; s++) {
    SZK_UNROLLED for (size_t t = 0; t < tiles; t++) {
      w[s][t] = load(weights + s * weightStride + t * SZK_LANES);
    }
  }
  SZK_UNROLLED for (size_t r = 0; r < rows; r++) {
    SZK_UNROLLED for (size_t s = 0; s < steps; s++) {
      floats a = splat(x[r * inStride + s]);
      SZK_UNROLLED for (size_t t = 0; t < tiles; t++) { sums[r][t] += a * w[s][t]; }
    }
  }
}

/// One block of productOfRows: `rows` and `tiles` are constants where it is inlined.
SZK_INLINE void productBlock(const size_t rows, const size_t tiles, const float *in,
                             size_t inStride, size_t taps, size_t tapStride, size_t inner,
                             const float *weights, size_t weightStride, size_t columns,
                             const float *bias, int accumulates, float *out, size_t outStride) {
  const size_t steps = tiles > 1 ? 2 : 4;
  floats sums[blockRows][blockTiles];
  SZK_UNROLLED for (size_t r = 0; r < rows; r++) {
    SZK_UNROLLED for (size_t t = 0; t < tiles; t++) { sums[r][t] = broadcast(0); }
  }
  for (size_t tap = 0; tap < taps; tap++) {
    const float *x = in + tap * tapStride;
    size_t k = 0;
    for (; k + steps <= inner; k += steps, weights += steps * weightStride) {
      productSteps(rows, tiles, steps, x + k, inStride, weights, weightStride, sums);
    }
    for (; k < inner; k++, weights += weightStride) {
      productSteps(rows, tiles, 1, x + k, inStride, weights, weightStride, sums);
    }
  }
  size_t last = columns - (tiles - 1) * SZK_LANES;
  SZK_UNROLLED for (size_t t = 0; t < tiles; t++) {
    size_t count = t + 1 < tiles || last > SZK_LANES ? SZK_LANES : last;
    floats b = bias ? loadPart(bias + t * SZK_LANES, count) : broadcast(0);
    SZK_UNROLLED for (size_t r = 0; r < rows; r++) {
      float *p = out + r * outStride + t * SZK_LANES;
      floats v = sums[r][t] + b;
      if (count == SZK_LANES) {
        v = accumulates ? v + loadAnywhere(p) : v;
        memcpy(p, &v, sizeof v);
      } else {
        storePart(p, accumulates ? v + loadPart(p, count) : v, count);
      }
    }
  }
}

#define SZK_BLOCK_CASES(call) \
  switch (rows) { call(1) call(2) call(3) call(4) SZK_LARGE_CASES(call) default : break; }
#ifdef SZK_REGISTER_TABLES
#define SZK_LARGE_CASES(call) \
  call(5) call(6) call(7) call(8) call(9) call(10) call(11) call(12) call(13) call(14)
#else
#define SZK_LARGE_CASES(call)
#endif

static void productOfRows(const float *in, size_t inStride, size_t count, size_t taps,
                          size_t tapStride, size_t inner, const float *weights, size_t weightStride,
                          size_t columns, const float *bias, int accumulates, float *out,
                          size_t outStride) {
  for (size_t c = 0; c < columns; c += blockTiles * SZK_LANES) {
    size_t tiles = columns - c > SZK_LANES ? blockTiles : 1,
           most = tiles > 1 ? wideRows : blockRows;
    // Blocks of equal size: sixteen rows are two of eight, not fourteen and two.
    size_t blocks = (count + most - 1) / most;
    const float *b = bias ? bias + c : 0;
    for (size_t block = 0; block < blocks; block++) {
      size_t first = count * block / blocks, rows = count * (block + 1) / blocks - first;
      const float *x = in + first * inStride;
      float *y = out + first * outStride + c;
#define SZK_CASE(n)                                                                               \
  case n:                                                                                         \
    if (tiles == 1) {                                                                             \
      productBlock(n, 1, x, inStride, taps, tapStride, inner, weights + c, weightStride,          \
                   columns - c, b, accumulates, y, outStride);                                    \
    } else {                                                                                      \
      productBlock(n, blockTiles, x, inStride, taps, tapStride, inner, weights + c, weightStride, \
                   columns - c, b, accumulates, y, outStride);                                    \
    }                                                                                             \
    break;
      SZK_BLOCK_CASES(SZK_CASE)
#undef SZK_CASE
    }
  }
}

/// One block of outerProducts: rows k of the sums, `rows` of them.
SZK_INLINE void outerBlock(const size_t rows, const size_t tiles, const float *in, size_t inStride,
                           const float *out, size_t outStride, size_t count, size_t runs,
                           size_t inRun, size_t outRun, size_t columns, float *sums,
                           size_t sumStride) {
  floats v[blockRows][blockTiles];
  SZK_UNROLLED for (size_t r = 0; r < rows; r++) {
    SZK_UNROLLED for (size_t t = 0; t < tiles; t++) {
      v[r][t] = load(sums + r * sumStride + t * SZK_LANES);
    }
  }
  size_t last = columns - (tiles - 1) * SZK_LANES;
  // A whole vector may be read where the rows to come have numbers enough behind it.
  const float *end = out + (runs - 1) * outRun + (count - 1) * outStride + columns;
  const ints isColumn = lanePlaces < (int32_t)(last < SZK_LANES ? last : SZK_LANES);
  for (size_t run = 0; run < runs; run++) {
    const float *x = in + run * inRun, *y = out + run * outRun;
    for (size_t i = 0; i < count; i++, x += inStride, y += outStride) {
      floats d[blockTiles];
      SZK_UNROLLED for (size_t t = 0; t < tiles; t++) {
        const float *p = y + t * SZK_LANES;
        if (t + 1 < tiles || last >= SZK_LANES) {
          d[t] = loadAnywhere(p);
        } else if (end - p >= SZK_LANES) {
          d[t] = (floats)((ints)loadAnywhere(p) & isColumn);
        } else {
          d[t] = loadPart(p, last);
        }
      }
      SZK_UNROLLED for (size_t r = 0; r < rows; r++) {
        floats a = splat(x[r]);
        SZK_UNROLLED for (size_t t = 0; t < tiles; t++) { v[r][t] += a * d[t]; }
      }
    }
  }
  SZK_UNROLLED for (size_t r = 0; r < rows; r++) {
    SZK_UNROLLED for (size_t t = 0; t < tiles; t++) {
      store(sums + r * sumStride + t * SZK_LANES, v[r][t]);
    }
  }
}

static void outerProducts(const float *in, size_t inStride, size_t inner, const float *out,
                          size_t outStride, size_t columns, size_t count, size_t runs, size_t inRun,
                          size_t outRun, float *sums, size_t sumStride) {
  for (size_t c = 0; c < columns; c += blockTiles * SZK_LANES) {
    size_t tiles = columns - c > SZK_LANES ? blockTiles : 1,
           most = tiles > 1 ? wideRows : blockRows;
    size_t blocks = (inner + most - 1) / most;
    for (size_t block = 0; block < blocks; block++) {
      size_t first = inner * block / blocks, rows = inner * (block + 1) / blocks - first;
      float *s = sums + first * sumStride + c;
#define SZK_CASE(n)                                                                           \
  case n:                                                                                     \
    if (tiles == 1) {                                                                         \
      outerBlock(n, 1, in + first, inStride, out + c, outStride, count, runs, inRun, outRun,  \
                 columns - c, s, sumStride);                                                  \
    } else {                                                                                  \
      outerBlock(n, blockTiles, in + first, inStride, out + c, outStride, count, runs, inRun, \
                 outRun, columns - c, s, sumStride);                                          \
    }                                                                                         \
    break;
      SZK_BLOCK_CASES(SZK_CASE)
#undef SZK_CASE
    }
  }
}

/// The image with one pixel of zeros on every side.
static void padImage(const float *in, size_t height, size_t width, size_t channels, float *padded) {
  size_t row = width * channels, wide = row + 2 * channels;
  memset(padded, 0, wide * sizeof(float));
  memset(padded + (height + 1) * wide, 0, wide * sizeof(float));
  for (size_t y = 0; y < height; y++) {
    float *p = padded + (y + 1) * wide;
    memset(p, 0, channels * sizeof(float));
    memcpy(p + channels, in + y * row, row * sizeof(float));
    memset(p + channels + row, 0, channels * sizeof(float));
  }
}

static void convolve(const float *in, size_t samples, size_t height, size_t width, size_t channels,
                     const float *weights, size_t weightStride, size_t columns, const float *bias,
                     int accumulates, float *out, float *workspace) {
  size_t wide = (width + 2) * channels;
  for (size_t s = 0; s < samples; s++) {
    padImage(in + s * height * width * channels, height, width, channels, workspace);
    // Two tiles of weights stay in the cache while the image passes.
    for (size_t c = 0; c < columns; c += blockTiles * SZK_LANES) {
      size_t some = columns - c < blockTiles * SZK_LANES ? columns - c : blockTiles * SZK_LANES;
      for (size_t y = 0; y < height; y++) {
        // The three pixels of one row of the window lie side by side: three taps, not nine.
        productOfRows(workspace + y * wide, channels, width, 3, wide, 3 * channels, weights + c,
                      weightStride, some, bias ? bias + c : 0, accumulates,
                      out + (s * height + y) * width * columns + c, columns);
      }
    }
  }
}

static void convolutionGradient(const float *in, size_t samples, size_t height, size_t width,
                                size_t channels, const float *out, size_t columns, float *sums,
                                size_t sumStride, float *workspace) {
  size_t wide = (width + 2) * channels;
  // Rows of pixels whose inputs and outputs stay in the first cache together.
  size_t some = 8192 / (width * (channels + columns)) + 1;
  for (size_t s = 0; s < samples; s++) {
    padImage(in + s * height * width * channels, height, width, channels, workspace);
    for (size_t y = 0; y < height; y += some) {
      size_t runs = height - y < some ? height - y : some;
      for (size_t tap = 0; tap < 3; tap++) {
        outerProducts(workspace + (y + tap) * wide, channels, 3 * channels,
                      out + (s * height + y) * width * columns, columns, columns, width, runs, wide,
                      width * columns, sums + tap * 3 * channels * sumStride, sumStride);
      }
    }
  }
}

#endif
