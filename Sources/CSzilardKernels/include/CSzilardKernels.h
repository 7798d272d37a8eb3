// SPDX-License-Identifier: Apache-2.0
//
// Kernels for binary and categorical units. C detects what the processor has; Swift chooses.
//
// Shapes and layout
//   bits      row r begins at word r * bitStride; unit i of a row is bit (i % 64) of word i / 64;
//             bits past the last unit are zero (readers may rely on it, writers keep it).
//   floats    row-major, row r begins at r * stride; every stride is a multiple of SZK_LANES and
//             every matrix begins on a 64-byte boundary, so that whole tiles of SZK_LANES columns
//             may be read and written; columns past the last unit are padding. Vectors with one
//             entry per column (biases, variances) need neither padding nor alignment.
//   tiles     columns are worked in tiles of SZK_LANES = 16.
//
// The field of a unit, on the path from a base model (scale 0) to the model (scale 1):
//
//     x[r, c] = baseBias[c] + rowScale[r] * (product[r, c] + slopeBias[c])
//
// With baseBias = 0, slopeBias = b and rowScale = beta it is the field at inverse temperature beta;
// with baseBias = a0, slopeBias = a1 - a0 it is annealed importance sampling's interpolation.
// A null rowScale is 1 in every row; a null slopeBias or baseBias is 0.
//
// Random numbers: rows are worked in blocks of SZK_BLOCK_ROWS = 16. Block k draws from lanes[k],
// one xoshiro128+ generator per lane. Order of draws (the same for every variant): for each tile of
// 16 columns in ascending order, for each row of the block in ascending order, one draw of 16
// lanes; lane l serves column 16 * tile + l. All 16 rows are drawn for, also those that the call
// lacks. A uniform is u = ((x >> 8) + 1/2) * 2^-24, a bit is u < p; the comparison is exact, and
// where u itself is stored as a float it is rounded towards zero. A row's result never depends on
// how many rows the call holds, as long as calls begin at block boundaries.
//
// All sums are in float, tiles and groups in a fixed order: equal inputs give equal bits for one
// variant. In a product the set units of each group of five are added in ascending order, then the
// groups in ascending order; it has the same bits for every variant. No kernel allocates, keeps
// state or calls the operating system.

#ifndef CSZILARDKERNELS_H
#define CSZILARDKERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SZK_LANES 16
#define SZK_BLOCK_ROWS 16
#define SZK_MOST_UNITS 256

typedef enum szk_level {
  SZK_BASELINE = 0,
  SZK_AVX2 = 1,
  SZK_AVX512 = 2,
  SZK_NEON = 3,
} szk_level;

/// Sixteen xoshiro128+ generators side by side.
typedef struct szk_lanes {
  uint32_t s[4][SZK_LANES];
} szk_lanes;

/// How a response scatters about the predictors of a model.
typedef enum szk_response { SZK_GAUSSIAN, SZK_BERNOULLI, SZK_CATEGORICAL } szk_response;

/// What the hidden units of a network do with their fields.
typedef enum szk_activation { SZK_TANH, SZK_RECTIFIER, SZK_IDENTITY } szk_activation;

/// The shape of a dense network: units of its layers, from the inputs to the outputs.
typedef struct szk_network {
  const size_t *sizes;
  size_t layers;
  szk_activation activation;
} szk_network;

/// What a network in float does with each of its numbers; the leaky rectifier keeps 0.05 x below zero,
/// swish is x logistic(x).
typedef enum szk_nonlinearity {
  SZK_HYPERBOLIC_TANGENT,
  SZK_LOGISTIC,
  SZK_SOFTPLUS,
  SZK_SWISH,
  SZK_LEAKY_RECTIFIER,
} szk_nonlinearity;

/// The numbers of an update by Adam: step is the rate over the correction of the first moment, scale the
/// root of one over that of the second.
typedef struct szk_adam {
  float firstDecay, secondDecay, step, scale, epsilon;
} szk_adam;

/// The biases and scales of the field x (see the head of this file). Any pointer may be null.
typedef struct szk_field {
  const float *baseBias;
  const float *slopeBias;
  const float *rowScale;
} szk_field;

/// One variant of every kernel.
typedef struct szk_kernels {
  szk_level level;

  /// Bytes of scratch that the table products need for `rows` rows; 64-byte aligned.
  size_t (*scratchBytes)(size_t rows, size_t inner);

  /// out[r, c] = sum_i bits[r, i] * weights[i, c] for columns of tiles firstTile..<lastTile.
  void (*product)(const uint64_t *bits, size_t bitStride, size_t rows, size_t inner,
                  const float *weights, size_t weightStride, size_t firstTile, size_t lastTile,
                  float *out, size_t outStride, void *scratch);

  /// out[r, c] = logistic(x[r, c]); the product is fused.
  void (*means)(const uint64_t *bits, size_t bitStride, size_t rows, size_t inner,
                const float *weights, size_t weightStride, size_t columns, szk_field field,
                float *out, size_t outStride, void *scratch);

  /// outBits[r, c] ~ Bernoulli(logistic(x[r, c])); the product is fused.
  void (*sample)(const uint64_t *bits, size_t bitStride, size_t rows, size_t inner,
                 const float *weights, size_t weightStride, size_t columns, szk_field field,
                 szk_lanes *lanes, uint64_t *outBits, size_t outBitStride, void *scratch);

  /// The epilogue of `sample` from a stored product.
  void (*sampleFields)(const float *product, size_t stride, size_t rows, size_t columns,
                       szk_field field, szk_lanes *lanes, uint64_t *outBits, size_t outBitStride);

  /// out[r, c] = logistic(x[r, c]) from a stored product (out may be product).
  void (*meansOfFields)(const float *product, size_t stride, size_t rows, size_t columns,
                        szk_field field, float *out, size_t outStride);

  /// out[r] += sum_c ln(1 + exp x[r, c]), summed in double.
  void (*softplusSums)(const float *product, size_t stride, size_t rows, size_t columns,
                       szk_field field, double *out);

  /// out[r] += sum_c softplus(x at scale scaleTo) - softplus(x at scale scaleFrom), accurate also
  /// when the two scales are close; field.rowScale is not read.
  void (*softplusDifferences)(const float *product, size_t stride, size_t rows, size_t columns,
                              szk_field field, float scaleFrom, float scaleTo, double *out);

  /// out[r] += sum_c bits[r, c] * values[c], summed in double.
  void (*bitDots)(const uint64_t *bits, size_t bitStride, size_t rows, size_t columns,
                  const float *values, double *out);

  /// out (columns x rows bits) = transpose of in (rows x columns bits).
  void (*transposeBits)(const uint64_t *in, size_t inStride, size_t rows, size_t columns,
                        uint64_t *out, size_t outStride);

  /// out[c, r] = in[r, c]; padding columns of out (rows ..< multiple of 16) are set to zero.
  void (*transposeFloats)(const float *in, size_t inStride, size_t rows, size_t columns, float *out,
                          size_t outStride);

  /// Categorical (Potts) units: colours[r, i] in 0 ..< q, q <= 256, at byte r * colourStride + i.
  /// out[r, c] = sum_i weights[i * q + colours[r, i], c].
  void (*gatherRows)(const uint8_t *colours, size_t colourStride, size_t rows, size_t sites,
                     size_t q, const float *weights, size_t weightStride, size_t columns,
                     float *out, size_t outStride);

  /// sums[i * q + colours[r, i], c] += values[r, c] for columns of tiles firstTile..<lastTile.
  void (*scatterRows)(const uint8_t *colours, size_t colourStride, size_t rows, size_t sites,
                      size_t q, const float *values, size_t valueStride, size_t firstTile,
                      size_t lastTile, float *sums, size_t sumStride);

  /// colours[r, i] ~ softmax over the q columns i*q ..< (i+1)*q of x. Draw order: for each site in
  /// ascending order, for each row of the block in ascending order, lane (site % 16) of a draw that
  /// is renewed for each row at sites divisible by 16.
  void (*sampleCategories)(const float *product, size_t stride, size_t rows, size_t sites, size_t q,
                           szk_field field, szk_lanes *lanes, uint8_t *colours,
                           size_t colourStride);

  /// out[r, i*q + k] = softmax probability of colour k at site i (out may be product).
  void (*categoryMeans)(const float *product, size_t stride, size_t rows, size_t sites, size_t q,
                        szk_field field, float *out, size_t outStride);

  /// out[r] += sum_i ln sum_k exp x[r, i*q + k], summed in double.
  void (*logSumExpSums)(const float *product, size_t stride, size_t rows, size_t sites, size_t q,
                        szk_field field, double *out);

  /// Gaussian units: out[r, c] = variance[c] * x[r, c] + sqrt(variance[c]) * z, z ~ N(0, 1)
  /// (out may be product). Draw order: as for bits, two draws of 16 lanes per (tile, row).
  void (*sampleGaussians)(const float *product, size_t stride, size_t rows, size_t columns,
                          szk_field field, const float *variance, szk_lanes *lanes, float *out,
                          size_t outStride);

  /// out[i] = uniforms in (0, 1), 16 lanes a draw.
  void (*uniforms)(szk_lanes *lanes, size_t count, float *out);

  /// For exact enumeration: out[k] = sum_{i < count} ln(1 + high[i] * low[k * count + i]), where
  /// high and low are exponentials of fields. The factors are multiplied in double and the
  /// logarithm is taken before they can overflow, which holds while every high * low is below 1e30.
  void (*logOnePlusProducts)(const double *factorHigh, const double *factorLow, size_t count,
                             size_t rows, double *out);

  /// out[i] = standard normals (Box and Muller), 16 lanes a draw, of which a count that is no
  /// multiple of 16 leaves some unused. Their resolution is that of a float, none is beyond 5.9.
  void (*normals)(szk_lanes *lanes, size_t count, double *out);

  /// The gradient of minus the log-likelihood of a linear model with predictors z = x . theta, in
  /// double: gradient[k] = sum over the samples of slope(z, y) x[k], where slope is
  /// (z - y) precision for a Gaussian response and logistic(z) - y for a Bernoulli one.
  /// workspace holds 2 tiles * 16 doubles; samples are row numbers.
  void (*linearGradient)(const float *inputs, size_t stride, size_t columns, const float *targets,
                         const int64_t *samples, size_t count, szk_response response,
                         double precision, const double *parameters, double *gradient,
                         double *workspace);

  /// The gradient of minus the log-likelihood of a dense network by backpropagation, summed over
  /// the samples, in double; made for layers of few units, whose products are too small for BLAS.
  /// Parameters are, layer by layer, weights (a row for each output), then biases. workspace holds
  /// 8 + 8 ceil(count / 8) (units of all layers + 2 * units of the widest) doubles; it needs no
  /// alignment.
  void (*networkGradient)(szk_network network, const float *inputs, size_t inputStride,
                          const float *targets, size_t targetStride, const int64_t *samples,
                          size_t count, szk_response response, double precision,
                          const double *parameters, double *gradient, double *workspace);

  // Networks in float. Matrices of weights have rows that begin on 64-byte boundaries and strides that
  // are multiples of SZK_LANES; everything else is packed and needs no alignment, and nothing past its
  // last number is read or written. Where `accumulates` is not zero a result is added to what is there.

  /// out[r, c] = bias[c] + sum_t sum_k in[r * inStride + t * tapStride + k] weights[t * inner + k, c];
  /// bias may be null. A row's sums do not depend on how many rows the call holds.
  void (*productOfRows)(const float *in, size_t inStride, size_t rows, size_t taps,
                        size_t tapStride, size_t inner, const float *weights, size_t weightStride,
                        size_t columns, const float *bias, int accumulates, float *out,
                        size_t outStride);

  /// sums[k, c] += sum over runs and over r < rows of in[run * inRun + r * inStride + k]
  /// out[run * outRun + r * outStride + c]; sums is a matrix of weights.
  void (*outerProducts)(const float *in, size_t inStride, size_t inner, const float *out,
                        size_t outStride, size_t columns, size_t rows, size_t runs, size_t inRun,
                        size_t outRun, float *sums, size_t sumStride);

  /// Images of height x width pixels of `channels` numbers, beyond which there are zeros:
  /// out[y, x, c] = bias[c] + sum_{i,j<3,k} in[y + i - 1, x + j - 1, k] weights[(3 i + j) channels + k, c].
  /// workspace holds (height + 2) (width + 2) channels floats.
  void (*convolve)(const float *in, size_t samples, size_t height, size_t width, size_t channels,
                   const float *weights, size_t weightStride, size_t columns, const float *bias,
                   int accumulates, float *out, float *workspace);

  /// The gradient of `convolve` with respect to weights, added to sums; out holds the slopes of what
  /// `convolve` gave.
  void (*convolutionGradient)(const float *in, size_t samples, size_t height, size_t width,
                              size_t channels, const float *out, size_t columns, float *sums,
                              size_t sumStride, float *workspace);

  /// out[i] = f(x[i]); out may be x.
  void (*activate)(szk_nonlinearity kind, const float *x, size_t count, float *out);

  /// out[i] = slopes[i] f'(x[i]).
  void (*activationGradient)(szk_nonlinearity kind, const float *x, const float *slopes,
                             size_t count, int accumulates, float *out);

  /// out[i] = scale x[i].
  void (*addScaled)(const float *x, size_t count, float scale, int accumulates, float *out);

  /// out[i] = u[i] + scale v[i].
  void (*sumOf)(const float *u, const float *v, size_t count, float scale, float *out);

  /// out[r, c] = in[r, c].
  void (*copyRows)(const float *in, size_t inStride, size_t rows, size_t columns, int accumulates,
                   float *out, size_t outStride);

  /// out[c] += sum_r x[r, c].
  void (*columnSums)(const float *x, size_t stride, size_t rows, size_t columns, float *out);

  /// Each of the equal groups of channels of a sample is brought to mean 0 and variance 1 over its
  /// pixels and channels; then v = x (1 + modulation[c]) + modulation[channels + c], and x logistic(x)
  /// where isSwish. Row s of modulation (may be null) begins at s * modulationStride. statistics,
  /// 2 channels for each sample, receives means and inverse deviations.
  void (*normalize)(const float *x, size_t samples, size_t pixels, size_t channels, size_t groups,
                    float epsilon, const float *modulation, size_t modulationStride, int isSwish,
                    float *statistics, float *out);

  /// The gradients of `normalize` with respect to x (out, may be null) and to modulation (added to
  /// modulationGradient, may be null). workspace holds channels (2 + pixels) floats.
  void (*normalizationGradient)(const float *x, size_t samples, size_t pixels, size_t channels,
                                size_t groups, const float *modulation, size_t modulationStride,
                                int isSwish, const float *statistics, const float *slopes,
                                float *modulationGradient, size_t modulationGradientStride,
                                int accumulates, float *out, float *workspace);

  /// out[y, x] = scale (the sum of in[2 y ... 2 y + 1, 2 x ... 2 x + 1]); out has height x width pixels.
  void (*poolPixels)(const float *in, size_t samples, size_t height, size_t width, size_t channels,
                     float scale, int accumulates, float *out);

  /// out[2 y ... 2 y + 1, 2 x ... 2 x + 1] = scale in[y, x]; in has height x width pixels.
  void (*spreadPixels)(const float *in, size_t samples, size_t height, size_t width,
                       size_t channels, float scale, int accumulates, float *out);

  /// out[r, k] = softmax over k of -|x_r - c_k|^2 / (2 w_k^2); column k of centers is c_k. At
  /// most SZK_MOST_UNITS units.
  void (*radialBasis)(const float *x, size_t stride, size_t rows, size_t inputs,
                      const float *centers, size_t centerStride, const float *logWidths,
                      size_t units, float *out);

  /// The gradients of `radialBasis`, added to those of centers and of ln w (may be null), and with
  /// respect to x (packed, may be null).
  void (*radialBasisGradient)(const float *x, size_t stride, size_t rows, size_t inputs,
                              const float *centers, size_t centerStride, const float *logWidths,
                              size_t units, const float *values, const float *slopes,
                              float *centerGradient, float *widthGradient, int accumulates,
                              float *out);

  /// out[r, k] = cos(2 pi (x[r] frequencies[k] + phases[k])), |x[r] frequencies[k]| < 2^22.
  void (*cosineWaves)(const float *x, size_t rows, const float *frequencies, const float *phases,
                      size_t count, float *out);

  /// m <- b1 m + (1 - b1) g, s <- b2 s + (1 - b2) g^2, p <- p + step m / (sqrt(s) scale + epsilon).
  void (*adam)(szk_adam rule, const float *gradient, size_t count, float *first, float *second,
               float *parameters);

  /// average <- decay average + (1 - decay) x.
  void (*movingAverage)(const float *x, size_t count, float decay, float *average);
} szk_kernels;

/// Tells the processor that the caller waits in a loop.
static inline void szk_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Bit k is set when level k can run here. The baseline always can.
uint32_t szk_supported_levels(void);

/// The kernels of one level, or null when this build or this processor lacks it.
const szk_kernels *szk_kernels_for(szk_level level);

/// Lanes for the stream with this key: the states follow from the key by SplitMix64.
void szk_lanes_seed(szk_lanes *lanes, uint64_t key0, uint64_t key1);

/// A chain of fused multiply-adds that runs at the core's peak rate for the level: does
/// `iterations` rounds and returns the floating-point operations done. For benchmarks.
double szk_fma_peak(szk_level level, size_t iterations);

#ifdef __cplusplus
}
#endif

#endif
