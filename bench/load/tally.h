// What one client has received: each message once, in order, none missing.
//
// A message carries the mark `#number@nanoseconds#` somewhere in a string: its place in the
// run, from 1, and when it was made. `#0@…#` is a marker that does not count.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"

typedef struct {
  uint64_t *seen;  // one bit a message
  int64_t received, repeats, disorders, last;
  uint64_t ids_hash;  // of the ids in the order they came, for messages that we did not number
  bool finished;
} Tally;

typedef struct {
  int messages;            // how many a client should get
  bool by_id;              // compare the store's ids, not our marks
  int64_t delivered;       // all clients together
  int64_t finished_clients;
  int64_t unreadable;      // messages without a mark
  int64_t last_at;         // when the last one came, ns
  Histogram latency;
  char last_event_id[128]; // of the last SSE event that had one, while `keep_id`
  bool keep_id;
} Score;

void tally_init(Tally *tally, const Score *score);

// All messages in text[0..length): one JSON object, or a JSON array of them.
void tally_text(Tally *tally, Score *score, const char *text, int64_t length, int64_t now);
