// SPDX-License-Identifier: Apache-2.0
//
// Transposes of bits (64 x 64 blocks) and of floats (16 x 16 blocks).

#ifndef SZK_TRANSPOSES_H
#define SZK_TRANSPOSES_H

#include "fields.h"

/// Transposes 64 words of 64 bits: quarters of ever smaller blocks change places.
SZK_INLINE void transposeBlock(uint64_t block[64]) {
  uint64_t mask = 0x00000000ffffffffu;
  for (unsigned width = 32; width != 0; width >>= 1, mask ^= mask << width) {
    for (unsigned base = 0; base < 64; base += 2 * width) {
      for (unsigned k = base; k < base + width; k++) {
        uint64_t swap = ((block[k] >> width) ^ block[k + width]) & mask;
        block[k] ^= swap << width;
        block[k + width] ^= swap;
      }
    }
  }
}

static void transposeBits(const uint64_t *in, size_t inStride, size_t rows, size_t columns,
                          uint64_t *out, size_t outStride) {
  for (size_t top = 0; top < rows; top += 64) {
    size_t height = smaller(rows - top, 64);
    for (size_t left = 0; left < columns; left += 64) {
      size_t width = smaller(columns - left, 64);
      uint64_t block[64] = {0};
      for (size_t r = 0; r < height; r++) {
        block[r] = in[(top + r) * inStride + left / 64];
      }
      transposeBlock(block);
      for (size_t c = 0; c < width; c++) {
        out[(left + c) * outStride + top / 64] = block[c];
      }
    }
  }
}

/// Transposes 16 rows of 16 lanes: four rounds, each interleaves row k with row k + 8.
SZK_INLINE void transposeTile(floats tile[SZK_LANES]) {
  for (size_t round = 0; round < 4; round++) {
    floats mixed[SZK_LANES];
    for (size_t k = 0; k < 8; k++) {
      mixed[2 * k] = __builtin_shufflevector(tile[k], tile[k + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4,
                                             20, 5, 21, 6, 22, 7, 23);
      mixed[2 * k + 1] = __builtin_shufflevector(tile[k], tile[k + 8], 8, 24, 9, 25, 10, 26, 11, 27,
                                                 12, 28, 13, 29, 14, 30, 15, 31);
    }
    memcpy(tile, mixed, sizeof mixed);
  }
}

static void transposeFloats(const float *in, size_t inStride, size_t rows, size_t columns,
                            float *out, size_t outStride) {
  for (size_t left = 0; left < columns; left += SZK_LANES) {
    size_t width = smaller(columns - left, SZK_LANES);
    for (size_t top = 0; top < rows; top += SZK_LANES) {
      size_t height = smaller(rows - top, SZK_LANES);
      floats tile[SZK_LANES];
      for (size_t r = 0; r < SZK_LANES; r++) {
        tile[r] = r < height ? load(in + (top + r) * inStride + left) : broadcast(0);
      }
      transposeTile(tile);
      for (size_t c = 0; c < width; c++) {
        store(out + (left + c) * outStride + top, tile[c]);
      }
    }
  }
}

#endif
