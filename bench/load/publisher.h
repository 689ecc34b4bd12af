// One connection that publishes: pipelined POSTs, in a thread of its own.
#pragma once
#include <stdatomic.h>
#include <stdint.h>

#include "options.h"

typedef struct {
  const Options *options;
  int fd;
  char answers[1 << 16];
  int64_t answers_length, answered;
  int64_t started_at, ended_at;  // ns
  atomic_bool done;
  int refused;  // answers that were not 2xx
} Publisher;

void publisher_connect(Publisher *publisher, const Options *options);

// Publish messages first..last, `rate` a second or, with 0, as fast as they are taken.
void publish(Publisher *publisher, int first, int last, double rate);

// The same for all messages of the run, in a thread that is not joined but watched by `done`.
void publish_in_thread(Publisher *publisher);
