// SPDX-License-Identifier: Apache-2.0
//
// What this processor has, the kernels of a level, and the seeding of lanes.

#include "levels.h"

uint32_t szk_supported_levels(void) {
  uint32_t levels = 1u << SZK_BASELINE;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")) {
    levels |= 1u << SZK_AVX2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) {
      levels |= 1u << SZK_AVX512;
    }
  }
#elif defined(__aarch64__)
  levels |= 1u << SZK_NEON;
#endif
  return levels;
}

const szk_kernels *szk_kernels_for(szk_level level) {
  if ((unsigned)level > SZK_NEON || !(szk_supported_levels() >> level & 1)) {
    return 0;
  }
  switch (level) {
#if defined(__x86_64__)
    case SZK_AVX2:
      return &szk_avx2;
    case SZK_AVX512:
      return &szk_avx512;
#elif defined(__aarch64__)
    case SZK_NEON:
      return &szk_neon;
#endif
    default:
      return &szk_baseline;
  }
}

double szk_fma_peak(szk_level level, size_t iterations) {
  if (!szk_kernels_for(level)) {
    return 0;
  }
  switch (level) {
#if defined(__x86_64__)
    case SZK_AVX2:
      return szk_fma_peak_avx2(iterations);
    case SZK_AVX512:
      return szk_fma_peak_avx512(iterations);
#elif defined(__aarch64__)
    case SZK_NEON:
      return szk_fma_peak_neon(iterations);
#endif
    default:
      return szk_fma_peak_baseline(iterations);
  }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
static uint64_t splitMix(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void szk_lanes_seed(szk_lanes *lanes, uint64_t key0, uint64_t key1) {
  // Two sequences, one from each half of the key; 64-bit word n holds lanes 2 n' and 2 n' + 1 of
  // state word n / 8, with n' = n % 8.
  uint64_t first = key0, second = splitMix(&key1);
  for (unsigned n = 0; n < 2 * SZK_LANES; n++) {
    uint64_t word = splitMix(&first) ^ splitMix(&second);
    lanes->s[n / 8][2 * (n % 8)] = (uint32_t)word;
    lanes->s[n / 8][2 * (n % 8) + 1] = (uint32_t)(word >> 32);
  }
  // A generator whose state is all zeros would stay there.
  for (unsigned l = 0; l < SZK_LANES; l++) {
    if ((lanes->s[0][l] | lanes->s[1][l] | lanes->s[2][l] | lanes->s[3][l]) == 0) {
      lanes->s[0][l] = 1;
    }
  }
}
