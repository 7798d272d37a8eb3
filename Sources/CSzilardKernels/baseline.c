// SPDX-License-Identifier: Apache-2.0
//
// The kernels with the instructions that every processor of the target has.

#include "level.h"

const szk_kernels szk_baseline = SZK_KERNELS(SZK_BASELINE);

double szk_fma_peak_baseline(size_t iterations) { return multiplyAddPeak(3, iterations); }
