#include "tally.h"

#include <stdlib.h>
#include <string.h>

void tally_init(Tally *tally, const Score *score) {
  *tally = (Tally){.seen = calloc((size_t)score->messages / 64 + 1, sizeof(uint64_t))};
}

static void delivered(Score *score, int64_t now) {
  score->delivered++;
  score->last_at = now;
}

static void tally_numbered(Tally *tally, Score *score, int64_t number, int64_t sent_at, int64_t now) {
  if (number == 0) return;
  if (number > score->messages) {
    score->unreadable++;
    return;
  }
  uint64_t *word = &tally->seen[number >> 6], bit = 1ULL << (number & 63);
  if (*word & bit) {
    tally->repeats++;
    return;
  }
  *word |= bit;
  if (number < tally->last) tally->disorders++;
  else tally->last = number;
  tally->received++;
  if (sent_at > 0) histogram_add(&score->latency, (now - sent_at) / 1000);
  delivered(score, now);
}

static const char *digits(const char *p, const char *end, int64_t *value) {
  for (*value = 0; p < end && *p >= '0' && *p <= '9'; p++) *value = *value * 10 + (*p - '0');
  return p;
}

// Count the next mark and return what follows it; NULL when there is none.
static const char *next_mark(Tally *tally, Score *score, const char *p, const char *end, int64_t now) {
  while ((p = memchr(p, '#', (size_t)(end - p)))) {
    int64_t number, sent_at;
    const char *at = digits(p + 1, end, &number);
    if (at == p + 1 || at >= end || *at != '@') {
      p++;
      continue;
    }
    const char *close = digits(at + 1, end, &sent_at);
    if (close < end && *close == '#') {
      tally_numbered(tally, score, number, sent_at, now);
      return close + 1;
    }
    p++;
  }
  return NULL;
}

// Ids are `epoch.seq`: every client must get the same ones, rising.
static const char *next_id(Tally *tally, Score *score, const char *p, const char *end, int64_t now) {
  static const char key[] = "\"id\":\"";
  p = memmem(p, (size_t)(end - p), key, sizeof key - 1);
  if (!p) return NULL;
  const char *dot = memchr(p, '.', (size_t)(end - p));
  if (!dot) return NULL;
  int64_t seq;
  const char *rest = digits(dot + 1, end, &seq);
  if (seq == tally->last) tally->repeats++;
  if (seq < tally->last) tally->disorders++;
  tally->last = seq;
  tally->received++;
  tally->ids_hash = tally->ids_hash * 1099511628211ULL + (uint64_t)seq;
  delivered(score, now);
  return rest;
}

static void note_finish(Tally *tally, Score *score, const char *text, int64_t length) {
  static const char key[] = "\"type\":\"finished\"";
  if (tally->finished || !memmem(text, (size_t)length, key, sizeof key - 1)) return;
  tally->finished = true;
  score->finished_clients++;
}

void tally_text(Tally *tally, Score *score, const char *text, int64_t length, int64_t now) {
  const char *p = text, *end = text + length;
  if (score->by_id) note_finish(tally, score, text, length);
  while (p && p < end)
    p = score->by_id ? next_id(tally, score, p, end, now) : next_mark(tally, score, p, end, now);
}
