// SPDX-License-Identifier: Apache-2.0
//
// The kernels with NEON, which every 64-bit Arm processor has.

#include "levels.h"

#if defined(__aarch64__)

#include "level.h"

const szk_kernels szk_neon = SZK_KERNELS(SZK_NEON);

double szk_fma_peak_neon(size_t iterations) { return multiplyAddPeak(6, iterations); }

#endif
