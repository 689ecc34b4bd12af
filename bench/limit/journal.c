#include "journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void journal_init(Journal *j) {
  for (int f = 0; f < FRAMINGS; f++) j->ends[f] = calloc(MAX_MESSAGES + 1, sizeof(int64_t));
}

static void add(Journal *j, Framing f, const void *bytes, int64_t n) {
  if (j->length[f] + n > j->size[f]) {
    j->size[f] = 2 * (j->length[f] + n);
    j->bytes[f] = realloc(j->bytes[f], (size_t)j->size[f]);
  }
  memcpy(j->bytes[f] + j->length[f], bytes, (size_t)n);
  j->length[f] += n;
}

static void add_sse(Journal *j, const char *message, int64_t length) {
  char head[64];
  add(j, SSE, head, snprintf(head, sizeof head, "id: %lld\ndata: ", (long long)j->head));
  add(j, SSE, message, length);
  add(j, SSE, "\n\n", 2);
}

// One unmasked text frame of less than 64 KiB: RFC 6455 §5.2.
static void add_websocket(Journal *j, const char *message, int64_t length) {
  unsigned char head[4] = {0x81, (unsigned char)length};
  if (length > 125) {
    head[1] = 126;
    head[2] = (unsigned char)(length >> 8);
    head[3] = (unsigned char)length;
  }
  add(j, WEBSOCKET, head, length > 125 ? 4 : 2);
  add(j, WEBSOCKET, message, length);
}

void journal_append(Journal *j, const char *message, int64_t length) {
  if (j->head == MAX_MESSAGES) exit(3);
  j->head++;
  add_sse(j, message, length);
  add_websocket(j, message, length);
  for (int f = 0; f < FRAMINGS; f++) j->ends[f][j->head] = j->length[f];
}

int64_t journal_offset_after(const Journal *j, Framing framing, int64_t number) {
  return j->ends[framing][number < 0 || number > j->head ? j->head : number];
}
