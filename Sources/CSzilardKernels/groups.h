// SPDX-License-Identifier: Apache-2.0
//
// Groups of five bits, and their codes.

#ifndef SZK_GROUPS_H
#define SZK_GROUPS_H

#include "transposes.h"

enum {
  groupUnits = 5,
  tableEntries = 1 << groupUnits,
  tableFloats = tableEntries * SZK_LANES,
  chunkRows = 1024,
  stripTiles = 4,
};

SZK_INLINE size_t groupsOf(size_t inner) { return (inner + groupUnits - 1) / groupUnits; }

/// Forty bits of a row, from bit 40 * index on: eight groups.
SZK_INLINE uint64_t fortyBits(const uint64_t *row, size_t wordCount, size_t index) {
  size_t word = 40 * index / 64, shift = 40 * index % 64;
  uint64_t bits = word < wordCount ? row[word] >> shift : 0;
  if (shift > 24 && word + 1 < wordCount) {
    bits |= row[word + 1] << (64 - shift);
  }
  return bits;
}

/// The codes of eight groups, one in each byte.
SZK_INLINE uint64_t eightCodes(uint64_t bits) {
  uint64_t x = (bits & 0xfffff) | (bits & 0xfffff00000) << 12;
  x = (x & 0x000003ff000003ff) | (x & 0x000ffc00000ffc00) << 6;
  return (x & 0x001f001f001f001f) | (x & 0x03e003e003e003e0) << 3;
}

#endif
