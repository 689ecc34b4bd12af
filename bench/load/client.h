// One subscriber: a socket that receives and parses every byte.
#pragma once
#include <stdint.h>

#include "http.h"
#include "options.h"
#include "tally.h"

typedef enum { CONNECTING, READING_HEAD, SHAKING_HANDS, SUBSCRIBED, CLOSED } ClientState;

typedef struct {
  int fd;
  Transport transport;
  ClientState state;
  bool chunked;
  ChunkDecoder chunks;
  char *kept;  // the start of an event or a frame whose end has not come
  int64_t kept_length, kept_size;
  Tally tally;
} Client;

typedef struct {
  int epoll;
  const Options *options;
  const char *request;
  int request_length;
  Score *score;
  int subscribed, closed;
  int64_t bytes, receives;
} Crowd;

void client_connect(Client *client, Crowd *crowd);
void client_close(Client *client, Crowd *crowd);
void client_send(Client *client, Crowd *crowd, const void *bytes, int64_t length);
void client_subscribed(Client *client, Crowd *crowd);

// Handle what the kernel has for the clients, waiting at most so long.
void crowd_turn(Crowd *crowd, int wait_ms);

// Framings: parse text[0..length) and return how much of it was whole.
int64_t sse_parse(Client *client, Crowd *crowd, const char *text, int64_t length, int64_t now);
int64_t websocket_parse(Client *client, Crowd *crowd, const char *text, int64_t length, int64_t now);
