#include "http.h"

#include <stdio.h>
#include <string.h>

static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

static void size_line_char(ChunkDecoder *d, char c) {
  int value = hex_value(c);
  if (value >= 0) d->size = d->size * 16 + value;
  if (c != '\n') return;
  d->left = d->size;
  d->size = 0;
  d->state = d->left ? CHUNK_BYTES : CHUNK_LAST;
}

int64_t chunks_decode(ChunkDecoder *d, const char *in, int64_t length, char *out) {
  const char *p = in, *end = in + length;
  int64_t written = 0;
  while (p < end && d->state != CHUNK_LAST) {
    if (d->state == CHUNK_SIZE) {
      size_line_char(d, *p++);
    } else if (d->state == CHUNK_END) {
      if (*p++ == '\n') d->state = CHUNK_SIZE;
    } else {
      int64_t n = end - p < d->left ? end - p : d->left;
      memcpy(out + written, p, (size_t)n);
      written += n;
      p += n;
      d->left -= n;
      if (d->left == 0) d->state = CHUNK_END;
    }
  }
  return written;
}

int subscribe_request(char *into, int size, const Options *o, Transport transport, const char *path,
                      const char *last_event_id) {
  static const char sse[] = "Accept: text/event-stream\r\n";
  static const char websocket[] =  // The key of RFC 6455 §1.3: the answer is not what is measured.
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  int n = snprintf(into, (size_t)size, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s", path, o->port,
                   transport == SSE ? sse : websocket);
  if (transport != SSE && o->subprotocol)
    n += snprintf(into + n, (size_t)(size - n), "Sec-WebSocket-Protocol: %s\r\n", o->subprotocol);
  if (last_event_id) n += snprintf(into + n, (size_t)(size - n), "Last-Event-ID: %s\r\n", last_event_id);
  return n + snprintf(into + n, (size_t)(size - n), "\r\n");
}
