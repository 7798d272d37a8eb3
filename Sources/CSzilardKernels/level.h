// SPDX-License-Identifier: Apache-2.0
//
// Every kernel of one level. Included once by each level's source, which sets the target first.

#ifndef SZK_LEVEL_H
#define SZK_LEVEL_H

#include "categories.h"
#include "enumeration.h"
#include "gaussians.h"
#include "gradients.h"
#include "levels.h"
#include "networks.h"
#include "table_product.h"

/// Independent chains x <- x m + a, as many as the level has registers for.
SZK_INLINE double multiplyAddPeak(size_t chains, size_t iterations) {
  floats x[16], m = broadcast(0x1.fffffep-1f), a = broadcast(0x1p-24f);
  for (size_t k = 0; k < chains; k++) {
    // Unequal lanes and no fixed point of the chain, so that every operation has to be done.
    x[k] =
        __builtin_convertvector(unpacked(0x5a5a) & (ints)((words){0} + (uint32_t)k), floats) - 0.3f;
  }
  for (size_t i = 0; i < iterations; i++) {
    for (size_t k = 0; k < chains; k++) {
      x[k] = x[k] * m + a;
    }
  }
  floats sum = {0};
  for (size_t k = 0; k < chains; k++) {
    sum += x[k];
  }
  // Every lane of the sum is used, so that no chain can be left out.
  return total(lowDoubles(sum) + highDoubles(sum)) < 0
             ? 0
             : 2.0 * SZK_LANES * (double)chains * (double)iterations;
}

#define SZK_KERNELS(name)                                                                         \
  {                                                                                               \
    .level = (name), .scratchBytes = scratchBytes, .product = product, .means = means,            \
    .sample = sample, .sampleFields = sampleFields, .meansOfFields = meansOfFields,               \
    .softplusSums = softplusSums, .softplusDifferences = softplusDifferences, .bitDots = bitDots, \
    .transposeBits = transposeBits, .transposeFloats = transposeFloats, .gatherRows = gatherRows, \
    .scatterRows = scatterRows, .sampleCategories = sampleCategories,                             \
    .categoryMeans = categoryMeans, .logSumExpSums = logSumExpSums,                               \
    .sampleGaussians = sampleGaussians, .uniforms = uniforms,                                     \
    .logOnePlusProducts = logOnePlusProducts, .normals = normals,                                 \
    .linearGradient = linearGradient, .networkGradient = networkGradient,                         \
    .productOfRows = productOfRows, .outerProducts = outerProducts, .convolve = convolve,         \
    .convolutionGradient = convolutionGradient, .activate = activate,                             \
    .activationGradient = activationGradient, .addScaled = addScaled, .sumOf = sumOf,             \
    .copyRows = copyRows, .columnSums = columnSums, .normalize = normalize,                       \
    .normalizationGradient = normalizationGradient, .poolPixels = poolPixels,                     \
    .spreadPixels = spreadPixels, .radialBasis = radialBasis,                                     \
    .radialBasisGradient = radialBasisGradient, .cosineWaves = cosineWaves, .adam = adam,         \
    .movingAverage = movingAverage                                                                \
  }

#endif
