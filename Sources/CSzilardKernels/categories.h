// SPDX-License-Identifier: Apache-2.0
//
// Categorical (Potts) units. The q columns of a site are worked with one lane per row of a block:
// tiles of the product are transposed as they are read.

#ifndef SZK_CATEGORIES_H
#define SZK_CATEGORIES_H

#include "transposes.h"

enum { mostColours = 256, gatherTiles = 4, scatterTogether = 4 };

/// Adds up the rows of weights that one row's colours name, `width` tiles at a time.
SZK_INLINE void gatherStrip(const uint8_t *colours, size_t sites, size_t q, const float *weights,
                            size_t stride, size_t width, float *out) {
  floats sum[gatherTiles] = {{0}};
  for (size_t i = 0; i < sites; i++) {
    const float *row = weights + (i * q + colours[i]) * stride;
    for (size_t t = 0; t < width; t++) {
      sum[t] += load(row + t * SZK_LANES);
    }
  }
  for (size_t t = 0; t < width; t++) {
    store(out + t * SZK_LANES, sum[t]);
  }
}

static void gatherRows(const uint8_t *colours, size_t colourStride, size_t rows, size_t sites,
                       size_t q, const float *weights, size_t weightStride, size_t columns,
                       float *out, size_t outStride) {
  size_t tiles = tilesOf(columns), tile = 0;
  for (; tile + gatherTiles <= tiles; tile += gatherTiles) {
    for (size_t r = 0; r < rows; r++) {
      gatherStrip(colours + r * colourStride, sites, q, weights + tile * SZK_LANES, weightStride,
                  gatherTiles, out + r * outStride + tile * SZK_LANES);
    }
  }
  for (; tile < tiles; tile++) {
    for (size_t r = 0; r < rows; r++) {
      gatherStrip(colours + r * colourStride, sites, q, weights + tile * SZK_LANES, weightStride, 1,
                  out + r * outStride + tile * SZK_LANES);
    }
  }
}

/// A few sites' sums: each row's values are added to the sums of its colours.
SZK_INLINE void scatterSites(const uint8_t *colours, size_t colourStride, size_t rows, size_t sites,
                             size_t q, const float *values, size_t valueStride, size_t width,
                             float *sums, size_t sumStride) {
  for (size_t r = 0; r < rows; r++) {
    floats value[gatherTiles];
    for (size_t t = 0; t < width; t++) {
      value[t] = load(values + r * valueStride + t * SZK_LANES);
    }
    for (size_t i = 0; i < sites; i++) {
      float *row = sums + (i * q + colours[r * colourStride + i]) * sumStride;
      for (size_t t = 0; t < width; t++) {
        store(row + t * SZK_LANES, load(row + t * SZK_LANES) + value[t]);
      }
    }
  }
}

static void scatterRows(const uint8_t *colours, size_t colourStride, size_t rows, size_t sites,
                        size_t q, const float *values, size_t valueStride, size_t firstTile,
                        size_t lastTile, float *sums, size_t sumStride) {
  for (size_t tile = firstTile; tile < lastTile; tile += gatherTiles) {
    for (size_t i = 0; i < sites; i += scatterTogether) {
      float *here = sums + i * q * sumStride + tile * SZK_LANES;
      const float *strip = values + tile * SZK_LANES;
      size_t count = smaller(sites - i, scatterTogether);
      if (tile + gatherTiles <= lastTile) {
        scatterSites(colours + i, colourStride, rows, count, q, strip, valueStride, gatherTiles,
                     here, sumStride);
      } else {
        scatterSites(colours + i, colourStride, rows, count, q, strip, valueStride, lastTile - tile,
                     here, sumStride);
      }
    }
  }
}

/// The field of a block of rows, read column by column: lane r is row r.
typedef struct columnReader {
  const float *product;
  size_t stride, rows, columns;
  const float *baseBias, *slopeBias;
  floats scale;
  floats tile[SZK_LANES];
} columnReader;

SZK_INLINE void beginColumns(columnReader *reader, const float *product, size_t stride, size_t rows,
                             size_t columns, szk_field field, size_t firstRow) {
  reader->product = product + firstRow * stride;
  reader->stride = stride;
  reader->rows = smaller(rows - firstRow, SZK_BLOCK_ROWS);
  reader->columns = columns;
  reader->baseBias = field.baseBias;
  reader->slopeBias = field.slopeBias;
  reader->scale = field.rowScale ? loadPart(field.rowScale + firstRow, reader->rows) : broadcast(1);
}

/// The field in the next column; columns must be read in ascending order.
SZK_INLINE floats readColumn(columnReader *reader, size_t column) {
  size_t lane = column % SZK_LANES;
  if (lane == 0) {
    for (size_t r = 0; r < SZK_LANES; r++) {
      reader->tile[r] =
          r < reader->rows ? load(reader->product + r * reader->stride + column) : broadcast(0);
    }
    transposeTile(reader->tile);
  }
  float base = reader->baseBias ? reader->baseBias[column] : 0;
  float slope = reader->slopeBias ? reader->slopeBias[column] : 0;
  return base + reader->scale * (reader->tile[lane] + slope);
}

/// values[k] = x at colour k of the site; returns the largest.
SZK_INLINE floats readSite(columnReader *reader, size_t site, size_t q, floats *values) {
  floats largest = broadcast(0);
  for (size_t k = 0; k < q; k++) {
    values[k] = readColumn(reader, site * q + k);
    largest = k == 0 ? values[k] : choose(values[k] > largest, values[k], largest);
  }
  return largest;
}

/// values[k] = exp(values[k] - largest); returns their sum, colours in ascending order.
SZK_INLINE floats exponentials(floats *values, size_t q, floats largest) {
  floats sum = broadcast(0);
  for (size_t k = 0; k < q; k++) {
    values[k] = expOf(values[k] - largest);
    sum += values[k];
  }
  return sum;
}

/// The number of colours k < q - 1 whose cumulated probability is at most u.
SZK_INLINE ints colourAt(const floats *values, size_t q, floats threshold) {
  floats cumulated = broadcast(0);
  ints colour = {0};
  for (size_t k = 0; k + 1 < q; k++) {
    cumulated += values[k];
    colour -= cumulated <= threshold;
  }
  return colour;
}

static void sampleCategories(const float *product, size_t stride, size_t rows, size_t sites,
                             size_t q, szk_field field, szk_lanes *lanes, uint8_t *colours,
                             size_t colourStride) {
  floats values[mostColours];
  for (size_t top = 0; top < rows; top += SZK_BLOCK_ROWS) {
    columnReader reader;
    beginColumns(&reader, product, stride, rows, sites * q, field, top);
    generators g = loadLanes(lanes + top / SZK_BLOCK_ROWS);
    floats u[SZK_LANES];
    for (size_t site = 0; site < sites; site++) {
      if (site % SZK_LANES == 0) {
        for (size_t r = 0; r < SZK_BLOCK_ROWS; r++) {
          u[r] = uniform(draw(&g));
        }
        transposeTile(u);
      }
      floats largest = readSite(&reader, site, q, values);
      floats sum = exponentials(values, q, largest);
      ints colour = colourAt(values, q, u[site % SZK_LANES] * sum);
      for (size_t r = 0; r < reader.rows; r++) {
        colours[(top + r) * colourStride + site] = (uint8_t)colour[r];
      }
    }
    storeLanes(lanes + top / SZK_BLOCK_ROWS, g);
  }
}

/// Writes columns with one lane per row back as rows of tiles.
SZK_INLINE void writeTile(floats tile[SZK_LANES], size_t rows, float *out, size_t outStride) {
  transposeTile(tile);
  for (size_t r = 0; r < rows; r++) {
    store(out + r * outStride, tile[r]);
  }
}

static void categoryMeans(const float *product, size_t stride, size_t rows, size_t sites, size_t q,
                          szk_field field, float *out, size_t outStride) {
  floats values[mostColours];
  for (size_t top = 0; top < rows; top += SZK_BLOCK_ROWS) {
    columnReader reader;
    beginColumns(&reader, product, stride, rows, sites * q, field, top);
    floats written[SZK_LANES] = {{0}};
    size_t column = 0;
    for (size_t site = 0; site < sites; site++) {
      floats largest = readSite(&reader, site, q, values);
      floats share = 1.0f / exponentials(values, q, largest);
      for (size_t k = 0; k < q; k++, column++) {
        written[column % SZK_LANES] = values[k] * share;
        if (column % SZK_LANES == SZK_LANES - 1) {
          writeTile(written, reader.rows, out + top * outStride + column - (SZK_LANES - 1),
                    outStride);
        }
      }
    }
    size_t left = column % SZK_LANES;
    if (left != 0) {
      for (size_t k = left; k < SZK_LANES; k++) {
        written[k] = broadcast(0);
      }
      writeTile(written, reader.rows, out + top * outStride + column - left, outStride);
    }
  }
}

static void logSumExpSums(const float *product, size_t stride, size_t rows, size_t sites, size_t q,
                          szk_field field, double *out) {
  floats values[mostColours];
  for (size_t top = 0; top < rows; top += SZK_BLOCK_ROWS) {
    columnReader reader;
    beginColumns(&reader, product, stride, rows, sites * q, field, top);
    doubles low = {0}, high = {0};
    for (size_t site = 0; site < sites; site++) {
      floats largest = readSite(&reader, site, q, values);
      floats rest = logOf(exponentials(values, q, largest));
      low += lowDoubles(largest) + lowDoubles(rest);
      high += highDoubles(largest) + highDoubles(rest);
    }
    for (size_t r = 0; r < reader.rows; r++) {
      out[top + r] += r < 8 ? low[r] : high[r - 8];
    }
  }
}

#endif
