// SPDX-License-Identifier: Apache-2.0
//
// Tables of partial sums in registers: the 32 entries of one column are two registers, and one
// permutation (vpermt2ps) reads the entries of sixteen rows. Lanes are rows here; the sums are
// transposed at the end.

#ifndef SZK_REGISTER_TABLES_H
#define SZK_REGISTER_TABLES_H

#include <immintrin.h>

#include "groups.h"

enum {
  blockGroups = 16,
  onePassGroups = 8,
  stripFloats = stripTiles * SZK_LANES,
  blockFloats = blockGroups * groupUnits * stripFloats,
  quadBytes = 64,
  mostVectors = 5,
};

/// Scratch: tables of one block of groups [group][column][entry], sums of one tile
/// [block of 16 rows][column][row], codes [block of 16 rows][four groups][row][group].
typedef struct workspace {
  float *weights;
  float *tables;
  float *sums;
  uint8_t *codes;
} workspace;

SZK_INLINE size_t quadsOf(size_t inner) { return (groupsOf(inner) + 3) / 4; }

SZK_INLINE size_t rowBlocksOf(size_t rows) { return (rows + SZK_BLOCK_ROWS - 1) / SZK_BLOCK_ROWS; }

static size_t scratchBytes(size_t rows, size_t inner) {
  size_t blocks = rowBlocksOf(smaller(rows, chunkRows));
  size_t sums = stripTiles * blocks * SZK_BLOCK_ROWS * SZK_LANES;
  return sizeof(float) * (blockFloats + blockGroups * tableFloats + sums) +
         blocks * quadsOf(inner) * quadBytes + 2 * 64;
}

SZK_INLINE workspace workspaceIn(void *scratch, size_t rows) {
  float *weights = scratch;
  float *tables = weights + blockFloats;
  float *sums = tables + blockGroups * tableFloats;
  size_t blocks = rowBlocksOf(smaller(rows, chunkRows));
  return (workspace){weights, tables, sums,
                     (uint8_t *)(sums + stripTiles * blocks * SZK_BLOCK_ROWS * SZK_LANES)};
}

/// Rows that are missing from the last block have code 0.
static void extractCodes(const uint64_t *bits, size_t bitStride, size_t rows, size_t inner,
                         uint8_t *codes) {
  size_t quads = quadsOf(inner), wordCount = (inner + 63) / 64;
  for (size_t row = 0; row < rowBlocksOf(rows) * SZK_BLOCK_ROWS; row++) {
    uint8_t *out = codes + row / SZK_BLOCK_ROWS * quads * quadBytes + 4 * (row % SZK_BLOCK_ROWS);
    for (size_t q = 0; q < quads; q += 2) {
      uint64_t eight = 0;
      if (row < rows) {
        eight = eightCodes(fortyBits(bits + row * bitStride, wordCount, q / 2));
      }
      uint32_t low = (uint32_t)eight, high = (uint32_t)(eight >> 32);
      memcpy(out + q * quadBytes, &low, sizeof low);
      if (q + 1 < quads) {
        memcpy(out + (q + 1) * quadBytes, &high, sizeof high);
      }
    }
  }
}

/// t + x in the lanes of the mask. Written out because the compiler otherwise makes an addition and
/// a shuffle of it.
SZK_INLINE floats addWhere(__mmask16 mask, floats t, const float *x) {
  __asm__("vaddps %2%{1to16%}, %0, %0 %{%1%}" : "+v"(t) : "Yk"(mask), "m"(*x));
  return t;
}

/// x in the lanes of the mask, elsewhere zero.
SZK_INLINE floats onlyWhere(__mmask16 mask, const float *x) {
  floats t;
  __asm__("vbroadcastss %2, %0 %{%1%}%{z%}" : "=v"(t) : "Yk"(mask), "m"(*x));
  return t;
}

/// One column's table: the set bits of an entry's number select units of the group, the first in
/// bit 0. Bits 0 to 3 count through the lanes of a register, bit 4 through the two registers.
typedef struct columnTable {
  floats low, high;
} columnTable;

/// The tables of `columns` neighbouring columns; the five weights of the first begin at `first`
/// and are a strip apart. Columns take turns, so that their chains of additions overlap.
SZK_INLINE void tablesOf(const float *first, size_t columns, columnTable *tables) {
  static const __mmask16 selects[] = {0xaaaa, 0xcccc, 0xf0f0, 0xff00};
#pragma clang loop unroll(full)
  for (size_t c = 0; c < columns; c++) {
    tables[c].low = onlyWhere(selects[0], first + c);
  }
#pragma clang loop unroll(full)
  for (size_t j = 1; j < 4; j++) {
#pragma clang loop unroll(full)
    for (size_t c = 0; c < columns; c++) {
      tables[c].low = addWhere(selects[j], tables[c].low, first + j * stripFloats + c);
    }
  }
#pragma clang loop unroll(full)
  for (size_t c = 0; c < columns; c++) {
    tables[c].high = tables[c].low + first[4 * stripFloats + c];
  }
}

/// Copies a strip of the weights of `groups` groups; units past the last have weight zero. Asks for
/// the next strip's weights, which lie a row apart and would be waited for.
SZK_INLINE void copyWeights(const float *weights, size_t stride, size_t units, size_t groups,
                            size_t tiles, float *copy) {
  for (size_t unit = 0; unit < units; unit++) {
    const float *row = weights + unit * stride;
    for (size_t t = 0; t < tiles; t++) {
      store(copy + unit * stripFloats + t * SZK_LANES, load(row + t * SZK_LANES));
      __builtin_prefetch(row + stripFloats + t * SZK_LANES, 0, 2);
    }
  }
  memset(copy + units * stripFloats, 0,
         (groups * groupUnits - units) * stripFloats * sizeof(float));
}

/// sum += the entries that the low five bits of `code`'s lanes name. Written out because the
/// compiler otherwise moves permutations away from their additions and runs out of registers.
/// A multiplication by one moves the addition to the pipes that are idle while tables are made.
SZK_INLINE void addEntries(floats *sum, floats low, floats high, ints code, int multiply) {
  floats entry;
  if (multiply) {
    __asm__("vmovaps %2, %0\n\tvpermt2ps %3, %4, %0\n\tvfmadd231ps %5, %0, %1"
            : "=&v"(entry), "+v"(*sum)
            : "v"(low), "v"(high), "v"(code), "v"(broadcast(1)));
    return;
  }
  __asm__("vmovaps %2, %0\n\tvpermt2ps %3, %4, %0\n\tvaddps %0, %1, %1"
          : "=&v"(entry), "+v"(*sum)
          : "v"(low), "v"(high), "v"(code));
}

/// sums (+)= entries for `vectors` blocks of 16 rows and all columns of the tile, `columns` at a
/// time. The codes of a group are read from its byte on: the bits above do not count. Tables are
/// read from memory, or made from the weights when they serve this call only.
SZK_INLINE void addGroups(const float *tables, const float *weights, const uint8_t *codes,
                          size_t codeStride, size_t vectors, size_t columns, size_t quads,
                          int isFirst, float *sums) {
  for (size_t left = 0; left < SZK_LANES; left += columns) {
    floats sum[2 * SZK_LANES];
#pragma clang loop unroll(full)
    for (size_t n = 0; n < vectors * columns; n++) {
      size_t v = n / columns, c = n % columns;
      sum[n] = isFirst ? broadcast(0) : load(sums + (v * SZK_LANES + left + c) * SZK_LANES);
    }
    for (size_t q = 0; q < quads; q++) {
#pragma clang loop unroll(full)
      for (size_t j = 0; j < 4; j++) {
        size_t group = 4 * q + j;
        ints code[mostVectors];
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vectors; v++) {
          memcpy(&code[v], codes + v * codeStride + q * quadBytes + j, sizeof(ints));
        }
        columnTable made[SZK_LANES];
        if (!tables) {
          tablesOf(weights + group * groupUnits * stripFloats + left, columns, made);
        }
#pragma clang loop unroll(full)
        for (size_t c = 0; c < columns; c++) {
          columnTable t = made[c];
          if (tables) {
            const float *table = tables + group * tableFloats + (left + c) * tableEntries;
            t = (columnTable){load(table), load(table + SZK_LANES)};
          }
#pragma clang loop unroll(full)
          for (size_t v = 0; v < vectors; v++) {
            addEntries(&sum[v * columns + c], t.low, t.high, code[v], !tables);
          }
        }
      }
    }
#pragma clang loop unroll(full)
    for (size_t n = 0; n < vectors * columns; n++) {
      size_t v = n / columns, c = n % columns;
      store(sums + (v * SZK_LANES + left + c) * SZK_LANES, sum[n]);
    }
  }
}

/// addGroups for as many vectors as there are registers for.
SZK_INLINE void addGroupsOf(size_t vectors, const float *tables, const float *weights,
                            const uint8_t *codes, size_t codeStride, size_t quads, int isFirst,
                            float *sums) {
  switch (vectors) {
    case 5:
      addGroups(tables, weights, codes, codeStride, 5, 4, quads, isFirst, sums);
      break;
    case 4:
      addGroups(tables, weights, codes, codeStride, 4, 4, quads, isFirst, sums);
      break;
    case 3:
      addGroups(tables, weights, codes, codeStride, 3, 4, quads, isFirst, sums);
      break;
    case 2:
      addGroups(tables, weights, codes, codeStride, 2, 8, quads, isFirst, sums);
      break;
    default:
      addGroups(tables, weights, codes, codeStride, 1, 8, quads, isFirst, sums);
  }
}

static void addOnePass(const float *weights, const uint8_t *codes, size_t codeStride,
                       size_t vectors, size_t quads, int isFirst, float *sums) {
  addGroupsOf(vectors, 0, weights, codes, codeStride, quads, isFirst, sums);
}

/// Builds the tables, then makes as few passes over them as can be, of about equal size.
static void addPasses(float *tables, const float *weights, const uint8_t *codes, size_t codeStride,
                      size_t blocks, size_t quads, int isFirst, float *sums) {
  for (size_t group = 0; group < 4 * quads; group++) {
    for (size_t left = 0; left < SZK_LANES; left += 4) {
      columnTable made[4];
      tablesOf(weights + group * groupUnits * stripFloats + left, 4, made);
      memcpy(tables + group * tableFloats + left * tableEntries, made, sizeof made);
    }
  }
  size_t passes = (blocks + mostVectors - 1) / mostVectors, block = 0;
  for (size_t pass = 0; pass < passes; pass++) {
    size_t vectors = (blocks - block + passes - pass - 1) / (passes - pass);
    addGroupsOf(vectors, tables, 0, codes + block * codeStride, codeStride, quads, isFirst,
                sums + block * SZK_BLOCK_ROWS * SZK_LANES);
    block += vectors;
  }
}

/// One strip of the product for one chunk of rows, into space.sums (columns of rows).
static void productStrip(workspace space, size_t rows, size_t inner, const float *weights,
                         size_t weightStride, size_t tiles) {
  size_t groups = groupsOf(inner), blocks = rowBlocksOf(rows);
  size_t codeStride = quadsOf(inner) * quadBytes;
  size_t tileSums = blocks * SZK_BLOCK_ROWS * SZK_LANES;
  if (groups == 0) {
    memset(space.sums, 0, tiles * tileSums * sizeof(float));
    return;
  }
  size_t step = blocks <= mostVectors ? onePassGroups : blockGroups;
  for (size_t first = 0; first < groups; first += step) {
    size_t quads = (smaller(groups - first, step) + 3) / 4, unit = first * groupUnits;
    copyWeights(weights + unit * weightStride, weightStride,
                smaller(inner - unit, 4 * quads * groupUnits), 4 * quads, tiles, space.weights);
    const uint8_t *codes = space.codes + first / 4 * quadBytes;
    for (size_t t = 0; t < tiles; t++) {
      const float *here = space.weights + t * SZK_LANES;
      float *sums = space.sums + t * tileSums;
      if (blocks <= mostVectors) {
        addOnePass(here, codes, codeStride, blocks, quads, first == 0, sums);
      } else {
        addPasses(space.tables, here, codes, codeStride, blocks, quads, first == 0, sums);
      }
    }
  }
}

/// Turns one block of one tile of space.sums to rows of columns, and returns the first row.
SZK_INLINE const float *rowsOfBlock(workspace space, size_t rows, size_t tile, size_t block) {
  size_t place = tile * rowBlocksOf(rows) + block;
  floats lines[SZK_LANES];
  float *sums = space.sums + place * SZK_BLOCK_ROWS * SZK_LANES;
  memcpy(lines, sums, sizeof lines);
  transposeTile(lines);
  memcpy(sums, lines, sizeof lines);
  return sums;
}

#endif
