// WebSocket frames (RFC 6455 §5.2) and, inside them, Socket.IO's packets (its protocol v5).
#include <string.h>

#include "client.h"

enum { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10, MAX_ECHO = 120 };

typedef struct {
  int opcode;
  const char *payload;
  int64_t length;
} Frame;

// Read one frame; bytes it takes, or 0 when its end has not come.
static int64_t read_frame(const char *text, int64_t length, Frame *frame) {
  const unsigned char *b = (const unsigned char *)text;
  if (length < 2) return 0;
  int64_t head = 2, size = b[1] & 127;
  int extra = size == 126 ? 2 : size == 127 ? 8 : 0;
  if (length < head + extra) return 0;
  if (extra) size = 0;
  for (int i = 0; i < extra; i++) size = size << 8 | b[head + i];
  head += extra;
  if (length < head + size) return 0;
  *frame = (Frame){b[0] & 15, text + head, size};
  return head + size;
}

// Masked with zeros: what a client must do, without the work.
static void send_frame(Client *client, Crowd *crowd, int opcode, const char *payload, int64_t length) {
  unsigned char bytes[6 + MAX_ECHO] = {(unsigned char)(0x80 | opcode), (unsigned char)(0x80 | length)};
  memcpy(bytes + 6, payload, (size_t)length);
  client_send(client, crowd, bytes, 6 + length);
}

// True when the packet belonged to Engine.IO or the handshake and is no message.
static bool socket_io_control(Client *client, Crowd *crowd, const Frame *frame) {
  if (frame->length == 0) return true;
  if (frame->payload[0] == '2') return send_frame(client, crowd, TEXT, "3", 1), true;
  if (frame->payload[0] == '0') return send_frame(client, crowd, TEXT, "40", 2), true;
  if (frame->length > 1 && !memcmp(frame->payload, "40", 2)) return client_subscribed(client, crowd), true;
  return false;
}

static void take_frame(Client *client, Crowd *crowd, const Frame *frame, int64_t now) {
  int64_t echo = frame->length < MAX_ECHO ? frame->length : MAX_ECHO;
  if (frame->opcode == PING) send_frame(client, crowd, PONG, frame->payload, echo);
  if (frame->opcode == CLOSE) client_close(client, crowd);
  if (frame->opcode != TEXT) return;
  if (client->transport == SOCKET_IO && socket_io_control(client, crowd, frame)) return;
  tally_text(&client->tally, crowd->score, frame->payload, frame->length, now);
}

int64_t websocket_parse(Client *client, Crowd *crowd, const char *text, int64_t length, int64_t now) {
  int64_t done = 0, taken;
  Frame frame;
  while (client->state != CLOSED && (taken = read_frame(text + done, length - done, &frame))) {
    done += taken;
    take_frame(client, crowd, &frame, now);
  }
  return client->state == CLOSED ? length : done;
}
