// The little of HTTP/1.1 that a subscriber needs: RFC 9112 §7.1 and the request itself.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "options.h"

typedef enum { CHUNK_SIZE, CHUNK_BYTES, CHUNK_END, CHUNK_LAST } ChunkState;

typedef struct {
  ChunkState state;
  int64_t left, size;
} ChunkDecoder;

// Decode in[0..length) to the end of `out` (which has room for all of it); bytes written.
int64_t chunks_decode(ChunkDecoder *decoder, const char *in, int64_t length, char *out);

// The subscribing request, the same for every client. `last_event_id` may be NULL.
int subscribe_request(char *into, int size, const Options *options, Transport transport, const char *path,
                      const char *last_event_id);
