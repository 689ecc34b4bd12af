// Time: nanoseconds of the monotonic clock, the same in every thread and process of the machine.
#pragma once
#include <stdint.h>
#include <time.h>

static inline int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static inline void sleep_until_ns(int64_t when) {
  struct timespec t = {when / 1000000000LL, when % 1000000000LL};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0) {
  }
}

static inline double seconds(int64_t ns) { return (double)ns / 1e9; }
