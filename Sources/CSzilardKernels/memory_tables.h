// SPDX-License-Identifier: Apache-2.0
//
// Tables of partial sums in memory: one entry is one tile of columns, one row reads one entry of
// each table. (For levels whose registers cannot hold a table.)

#ifndef SZK_MEMORY_TABLES_H
#define SZK_MEMORY_TABLES_H

#include "groups.h"

enum { blockGroups = 16 };

/// Bytes from one row of codes to the next.
SZK_INLINE size_t codeStride(size_t inner) { return (groupsOf(inner) + 7) / 8 * 8; }

/// Scratch: tables of one block of groups, sums of one strip [tile][row], codes of one chunk of
/// rows.
typedef struct workspace {
  float *tables;
  float *sums;
  uint8_t *codes;
} workspace;

static size_t scratchBytes(size_t rows, size_t inner) {
  size_t held = smaller(rows, chunkRows);
  size_t codes = (held * codeStride(inner) + 63) / 64 * 64;
  return sizeof(float) * (blockGroups * tableFloats + stripTiles * held * SZK_LANES) + codes + 64;
}

SZK_INLINE workspace workspaceIn(void *scratch, size_t rows) {
  float *tables = scratch;
  float *sums = tables + blockGroups * tableFloats;
  return (workspace){tables, sums,
                     (uint8_t *)(sums + stripTiles * smaller(rows, chunkRows) * SZK_LANES)};
}

/// A row's codes lie side by side, each times 8: a code times 8 is the offset of its entry in
/// bytes.
static void extractCodes(const uint64_t *bits, size_t bitStride, size_t rows, size_t inner,
                         uint8_t *codes) {
  size_t stride = codeStride(inner), wordCount = (inner + 63) / 64;
  for (size_t r = 0; r < rows; r++) {
    for (size_t j = 0; j < stride / 8; j++) {
      uint64_t eight = eightCodes(fortyBits(bits + r * bitStride, wordCount, j)) << 3;
      memcpy(codes + r * stride + 8 * j, &eight, sizeof eight);
    }
  }
}

/// The table of `units` <= 5 consecutive rows: entry k + 2^j is entry k plus row j.
SZK_INLINE void buildTable(const float *weights, size_t stride, size_t units, float *table) {
  store(table, broadcast(0));
  for (size_t j = 0; j < units; j++) {
    floats row = load(weights + j * stride);
    for (size_t k = 0; k < (size_t)1 << j; k++) {
      store(table + ((k + ((size_t)1 << j)) * SZK_LANES), load(table + k * SZK_LANES) + row);
    }
  }
}

/// sums[r] (+)= the entries that row r's codes name in `groups` tables.
SZK_INLINE void addEntries(const float *tables, const uint8_t *codes, size_t stride, size_t rows,
                           size_t groups, int isFirst, float *sums) {
  size_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    floats sum[4];
    for (size_t i = 0; i < 4; i++) {
      sum[i] = isFirst ? broadcast(0) : load(sums + (r + i) * SZK_LANES);
    }
    for (size_t g = 0; g < groups; g++) {
      for (size_t i = 0; i < 4; i++) {
        sum[i] += load(tables + g * tableFloats + 2 * (size_t)codes[(r + i) * stride + g]);
      }
    }
    for (size_t i = 0; i < 4; i++) {
      store(sums + (r + i) * SZK_LANES, sum[i]);
    }
  }
  for (; r < rows; r++) {
    floats sum = isFirst ? broadcast(0) : load(sums + r * SZK_LANES);
    for (size_t g = 0; g < groups; g++) {
      sum += load(tables + g * tableFloats + 2 * (size_t)codes[r * stride + g]);
    }
    store(sums + r * SZK_LANES, sum);
  }
}

/// One tile of the product for one chunk of rows.
static void productTile(workspace space, size_t rows, size_t inner, const float *weights,
                        size_t weightStride, float *sums) {
  size_t stride = codeStride(inner), groups = groupsOf(inner);
  if (groups == 0) {
    memset(sums, 0, rows * SZK_LANES * sizeof(float));
  }
  for (size_t first = 0; first < groups; first += blockGroups) {
    size_t count = smaller(groups - first, blockGroups);
    for (size_t g = 0; g < count; g++) {
      size_t unit = (first + g) * groupUnits;
      buildTable(weights + unit * weightStride, weightStride, smaller(inner - unit, groupUnits),
                 space.tables + g * tableFloats);
    }
    addEntries(space.tables, space.codes + first, stride, rows, count, first == 0, sums);
  }
}

/// One strip of the product for one chunk of rows, into space.sums.
static void productStrip(workspace space, size_t rows, size_t inner, const float *weights,
                         size_t weightStride, size_t tiles) {
  for (size_t t = 0; t < tiles; t++) {
    productTile(space, rows, inner, weights + t * SZK_LANES, weightStride,
                space.sums + t * rows * SZK_LANES);
  }
}

/// The first row of one block of one tile of space.sums.
SZK_INLINE const float *rowsOfBlock(workspace space, size_t rows, size_t tile, size_t block) {
  return space.sums + (tile * rows + block * SZK_BLOCK_ROWS) * SZK_LANES;
}

#endif
