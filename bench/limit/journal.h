// Every message ever published, as it goes over the wire: a reader is an offset into it.
#pragma once
#include <stdint.h>

typedef enum { SSE, WEBSOCKET, FRAMINGS } Framing;

enum { MAX_MESSAGES = 4000000 };

typedef struct {
  char *bytes[FRAMINGS];
  int64_t length[FRAMINGS], size[FRAMINGS];
  int64_t *ends[FRAMINGS];  // offset behind message n
  int64_t head;             // number of the last message, 0 when none
} Journal;

void journal_init(Journal *journal);
void journal_append(Journal *journal, const char *message, int64_t length);
int64_t journal_offset_after(const Journal *journal, Framing framing, int64_t number);
