#include "histogram.h"

enum { STEPS = 32, STEP_BITS = 5 };

static int bin_of(int64_t us) {
  if (us < STEPS) return us < 0 ? 0 : (int)us;
  int shift = 63 - __builtin_clzll((uint64_t)us) - STEP_BITS;
  int bin = (shift + 1) * STEPS + (int)((us >> shift) & (STEPS - 1));
  return bin < HISTOGRAM_BINS ? bin : HISTOGRAM_BINS - 1;
}

static int64_t middle_of(int bin) {
  if (bin < STEPS) return bin;
  int shift = bin / STEPS - 1;
  return ((int64_t)(STEPS + (bin & (STEPS - 1))) << shift) + ((1LL << shift) >> 1);
}

void histogram_add(Histogram *h, int64_t us) {
  h->bins[bin_of(us)]++;
  h->count++;
  if (us > h->max_us) h->max_us = us;
}

double histogram_percentile_ms(const Histogram *h, double fraction) {
  uint64_t wanted = (uint64_t)(fraction * (double)h->count), seen = 0;
  if (h->count == 0) return -1;
  for (int bin = 0; bin < HISTOGRAM_BINS; bin++) {
    seen += h->bins[bin];
    if (seen > wanted) return (double)middle_of(bin) / 1000.0;
  }
  return (double)h->max_us / 1000.0;
}
