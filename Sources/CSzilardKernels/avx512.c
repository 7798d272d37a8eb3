// SPDX-License-Identifier: Apache-2.0
//
// The kernels with AVX-512 (F, BW, VL, DQ).

#include "levels.h"

#if defined(__x86_64__)

#pragma clang attribute push(                                                                \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma,bmi,bmi2,popcnt,lzcnt"))), \
    apply_to = function)

#define SZK_REGISTER_TABLES
#include "level.h"

const szk_kernels szk_avx512 = SZK_KERNELS(SZK_AVX512);

double szk_fma_peak_avx512(size_t iterations) { return multiplyAddPeak(16, iterations); }

#pragma clang attribute pop

#endif
