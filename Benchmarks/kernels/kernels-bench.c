// SPDX-License-Identifier: Apache-2.0
//
// Times the binary kernels without Swift. From the root of the repository:
//
//     clang -O2 -pthread -ISources/CSzilardKernels/include Sources/CSzilardKernels/*.c \
//       Benchmarks/kernels/kernels-bench.c -o /tmp/kernels-bench -lm && /tmp/kernels-bench
//
// Arguments: rows (1000), visible units (784), hidden units (512), seconds per figure (1).
// Figures are the best of many repeats, each beside the level's own multiply-add peak.

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "CSzilardKernels.h"

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *allocate(size_t bytes) {
  void *p = aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);
  for (size_t i = 0; i < bytes; i++) {
    ((char *)p)[i] = 0;
  }
  return p;
}

typedef struct problem {
  const szk_kernels *k;
  size_t rows, visible, hidden, vStride, hStride, vWords, hWords;
  float *weights, *transposed, *hiddenBias, *visibleBias, *out;
  uint64_t *v, *h;
  szk_lanes *lanes;
  void *scratch[2];
} problem;

typedef void (*work)(const problem *p, size_t top, size_t count, void *scratch);

static void productUp(const problem *p, size_t top, size_t count, void *scratch) {
  p->k->product(p->v + top * p->vWords, p->vWords, count, p->visible, p->weights, p->hStride, 0,
                (p->hidden + 15) / 16, p->out + top * p->hStride, p->hStride, scratch);
}

static void sampleUp(const problem *p, size_t top, size_t count, void *scratch) {
  szk_field field = {0, p->hiddenBias, 0};
  p->k->sample(p->v + top * p->vWords, p->vWords, count, p->visible, p->weights, p->hStride,
               p->hidden, field, p->lanes + top / 16, p->h + top * p->hWords, p->hWords, scratch);
}

static void sampleDown(const problem *p, size_t top, size_t count, void *scratch) {
  szk_field field = {0, p->visibleBias, 0};
  p->k->sample(p->h + top * p->hWords, p->hWords, count, p->hidden, p->transposed, p->vStride,
               p->visible, field, p->lanes + top / 16, p->v + top * p->vWords, p->vWords, scratch);
}

static void sweep(const problem *p, size_t top, size_t count, void *scratch) {
  sampleUp(p, top, count, scratch);
  sampleDown(p, top, count, scratch);
}

static void epilogue(const problem *p, size_t top, size_t count, void *scratch) {
  (void)scratch;
  szk_field field = {0, p->hiddenBias, 0};
  p->k->sampleFields(p->out + top * p->hStride, p->hStride, count, p->hidden, field,
                     p->lanes + top / 16, p->h + top * p->hWords, p->hWords);
}

static double best(work w, const problem *p, double seconds) {
  double least = 1e9, end = now() + seconds;
  while (now() < end) {
    double start = now();
    w(p, 0, p->rows, p->scratch[0]);
    double taken = now() - start;
    if (taken < least) least = taken;
  }
  return least;
}

typedef struct half {
  const problem *p;
  pthread_barrier_t *barrier;
  int rounds;
} half;

static void *secondThread(void *argument) {
  half *h = argument;
  size_t middle = (h->p->rows / 2 + 15) / 16 * 16;
  for (int i = 0; i < h->rounds; i++) {
    pthread_barrier_wait(h->barrier);
    sweep(h->p, middle, h->p->rows - middle, h->p->scratch[1]);
    pthread_barrier_wait(h->barrier);
  }
  return 0;
}

static double bestOfTwoThreads(const problem *p, int rounds) {
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, 0, 2);
  half h = {p, &barrier, rounds};
  pthread_t thread;
  pthread_create(&thread, 0, secondThread, &h);
  size_t middle = (p->rows / 2 + 15) / 16 * 16;
  double least = 1e9;
  for (int i = 0; i < rounds; i++) {
    pthread_barrier_wait(&barrier);
    double start = now();
    sweep(p, 0, middle, p->scratch[0]);
    pthread_barrier_wait(&barrier);
    double taken = now() - start;
    if (taken < least) least = taken;
  }
  pthread_join(thread, 0);
  pthread_barrier_destroy(&barrier);
  return least;
}

static double peak(szk_level level) {
  double most = 0;
  for (int i = 0; i < 30; i++) {
    double start = now();
    double operations = szk_fma_peak(level, 100000);
    double rate = operations / (now() - start) * 1e-9;
    if (rate > most) most = rate;
  }
  return most;
}

int main(int count, char **arguments) {
  problem p = {0};
  p.rows = count > 1 ? (size_t)atol(arguments[1]) : 1000;
  p.visible = count > 2 ? (size_t)atol(arguments[2]) : 784;
  p.hidden = count > 3 ? (size_t)atol(arguments[3]) : 512;
  double seconds = count > 4 ? atof(arguments[4]) : 1;
  p.vStride = (p.visible + 15) / 16 * 16;
  p.hStride = (p.hidden + 15) / 16 * 16;
  p.vWords = (p.visible + 63) / 64;
  p.hWords = (p.hidden + 63) / 64;
  p.weights = allocate(p.visible * p.hStride * 4);
  p.transposed = allocate(p.hidden * p.vStride * 4);
  p.hiddenBias = allocate(p.hStride * 4);
  p.visibleBias = allocate(p.vStride * 4);
  p.out = allocate(p.rows * p.hStride * 4);
  p.v = allocate(p.rows * p.vWords * 8);
  p.h = allocate(p.rows * p.hWords * 8);
  p.lanes = allocate((p.rows + 15) / 16 * sizeof(szk_lanes));
  uint64_t state = 1;
  for (size_t i = 0; i < p.visible; i++) {
    for (size_t j = 0; j < p.hidden; j++) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      float w = 0.1f * ((float)(state >> 40) * 0x1p-24f - 0.5f);
      p.weights[i * p.hStride + j] = w;
      p.transposed[j * p.vStride + i] = w;
    }
  }
  for (size_t r = 0; r < p.rows; r++) {
    for (size_t i = 0; i < p.visible; i++) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      p.v[r * p.vWords + i / 64] |= (state >> 63) << i % 64;
    }
  }
  for (size_t b = 0; b < (p.rows + 15) / 16; b++) szk_lanes_seed(p.lanes + b, 1, b);
  const char *names[] = {"baseline", "avx2", "avx512", "neon"};
  double work = 2.0 * (double)p.rows * (double)p.visible * (double)p.hidden * 1e-9;
  printf("%zu rows, %zu visible, %zu hidden; GFLOP/s and ratio to the level's FMA peak\n", p.rows,
         p.visible, p.hidden);
  for (int level = SZK_NEON; level >= 0; level--) {
    p.k = szk_kernels_for((szk_level)level);
    if (!p.k) continue;
    for (int i = 0; i < 2; i++)
      p.scratch[i] = allocate(p.k->scratchBytes(p.rows, p.visible + p.hidden));
    double fma = peak((szk_level)level);
    double a = best(productUp, &p, seconds), b = best(sampleUp, &p, seconds);
    double c = best(sampleDown, &p, seconds), d = best(sweep, &p, seconds);
    double e = best(epilogue, &p, seconds / 4);
    double t = bestOfTwoThreads(&p, (int)(seconds / d * 2) + 10);
    double after = peak((szk_level)level);
    fma = after > fma ? after : fma;
    printf(
        "%-9s peak %6.1f | product %6.1f (%.2f) | up %6.1f (%.2f) %.3f ms, down %6.1f (%.2f) "
        "%.3f ms, sweep %.3f ms, epilogue %.3f ms | two threads %.3f ms\n",
        names[level], fma, work / a, work / a / fma, work / b, work / b / fma, b * 1e3, work / c,
        work / c / fma, c * 1e3, d * 1e3, e * 1e3, t * 1e3);
    for (int i = 0; i < 2; i++) free(p.scratch[i]);
  }
  return 0;
}
