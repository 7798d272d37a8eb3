// SPDX-License-Identifier: Apache-2.0
//
// What each level's source gives to dispatch.c.

#ifndef SZK_LEVELS_H
#define SZK_LEVELS_H

#include "CSzilardKernels.h"

extern const szk_kernels szk_baseline;
double szk_fma_peak_baseline(size_t iterations);

#if defined(__x86_64__)
extern const szk_kernels szk_avx2;
extern const szk_kernels szk_avx512;
double szk_fma_peak_avx2(size_t iterations);
double szk_fma_peak_avx512(size_t iterations);
#elif defined(__aarch64__)
extern const szk_kernels szk_neon;
double szk_fma_peak_neon(size_t iterations);
#endif

#endif
