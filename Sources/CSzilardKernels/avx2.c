// SPDX-License-Identifier: Apache-2.0
//
// The kernels with AVX2 and FMA.

#include "levels.h"

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,popcnt,lzcnt"))), \
                             apply_to = function)

#include "level.h"

const szk_kernels szk_avx2 = SZK_KERNELS(SZK_AVX2);

double szk_fma_peak_avx2(size_t iterations) { return multiplyAddPeak(6, iterations); }

#pragma clang attribute pop

#endif
