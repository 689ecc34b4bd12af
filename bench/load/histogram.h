// Latencies in a log-linear histogram: 32 steps per doubling, so at most 3% off.
#pragma once
#include <stdint.h>

enum { HISTOGRAM_BINS = 2048 };

typedef struct {
  uint32_t bins[HISTOGRAM_BINS];
  uint64_t count;
  int64_t max_us;
} Histogram;

void histogram_add(Histogram *h, int64_t us);
double histogram_percentile_ms(const Histogram *h, double fraction);  // -1 when empty
