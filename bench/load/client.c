#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

enum { RECEIVE_BYTES = 1 << 18, EVENTS = 2048, SMALL = 8192 };

void client_close(Client *client, Crowd *crowd) {
  if (client->state == CLOSED) return;
  if (client->state == SUBSCRIBED) crowd->subscribed--;
  client->state = CLOSED;
  crowd->closed++;
  close(client->fd);
}

void client_subscribed(Client *client, Crowd *crowd) {
  client->state = SUBSCRIBED;
  crowd->subscribed++;
}

void client_send(Client *client, Crowd *crowd, const void *bytes, int64_t length) {
  if (send(client->fd, bytes, (size_t)length, MSG_NOSIGNAL) != length) client_close(client, crowd);
}

static void watch(Client *client, Crowd *crowd, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = client};
  epoll_ctl(crowd->epoll, operation, client->fd, &event);
}

void client_connect(Client *client, Crowd *crowd) {
  int one = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)crowd->options->port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  client->state = CONNECTING;
  client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (client->fd < 0) {
    perror("load: socket");
    exit(2);
  }
  setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(client->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
    client_close(client, crowd);
  else
    watch(client, crowd, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

static void finish_connecting(Client *client, Crowd *crowd, uint32_t events) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error) return client_close(client, crowd);
  if (!(events & EPOLLOUT)) return;
  client->state = READING_HEAD;
  watch(client, crowd, EPOLL_CTL_MOD, EPOLLIN);
  client_send(client, crowd, crowd->request, crowd->request_length);
}

static void keep(Client *client, const char *rest, int64_t length) {
  if (length > client->kept_size) {
    client->kept_size = length + 1024;
    client->kept = realloc(client->kept, (size_t)client->kept_size);
  }
  if (length) memmove(client->kept, rest, (size_t)length);
  client->kept_length = length;
  if (length || client->kept_size <= SMALL) return;
  free(client->kept);
  client->kept = NULL;
  client->kept_size = 0;
}

// What was kept and the new bytes in one piece, freed of chunks; its length.
static int64_t join(Client *client, const char *bytes, int64_t length, const char **joined) {
  static char *stage;
  static int64_t stage_size;
  if (!client->chunked && !client->kept_length) {
    *joined = bytes;
    return length;
  }
  if (client->kept_length + length > stage_size) {
    stage_size = 2 * (client->kept_length + length);
    stage = realloc(stage, (size_t)stage_size);
  }
  if (client->kept_length) memcpy(stage, client->kept, (size_t)client->kept_length);
  *joined = stage;
  char *end = stage + client->kept_length;
  if (client->chunked) return client->kept_length + chunks_decode(&client->chunks, bytes, length, end);
  memcpy(end, bytes, (size_t)length);
  return client->kept_length + length;
}

static void take_body(Client *client, Crowd *crowd, const char *bytes, int64_t length, int64_t now) {
  const char *text;
  int64_t whole = join(client, bytes, length, &text);
  int64_t done = client->transport == SSE ? sse_parse(client, crowd, text, whole, now)
                                          : websocket_parse(client, crowd, text, whole, now);
  keep(client, text + done, whole - done);
  if (client->chunks.state == CHUNK_LAST) client_close(client, crowd);
}

static void accept_head(Client *client, Crowd *crowd, char *head) {
  int wanted = client->transport == SSE ? 200 : 101;
  if (atoi(head + sizeof "HTTP/1.1") != wanted) {
    if (crowd->closed == 0) fprintf(stderr, "load: refused: %.60s\n", head);
    return client_close(client, crowd);
  }
  client->chunked = strcasestr(head, "\r\ntransfer-encoding: chunked") != NULL;
  if (client->transport == SOCKET_IO) client->state = SHAKING_HANDS;
  else client_subscribed(client, crowd);
}

static void take_head(Client *client, Crowd *crowd, const char *bytes, int64_t length, int64_t now) {
  const char *text;
  int64_t n = join(client, bytes, length, &text);
  char *end = memmem(text, (size_t)n, "\r\n\r\n", 4);
  if (!end) return keep(client, text, n);
  int64_t rest_length = text + n - (end + 4);
  char *rest = malloc((size_t)rest_length + 1);  // `text` may be the stage that take_body needs
  memcpy(rest, end + 4, (size_t)rest_length);
  *end = 0;
  accept_head(client, crowd, (char *)text);
  keep(client, NULL, 0);
  if (client->state != CLOSED && rest_length) take_body(client, crowd, rest, rest_length, now);
  free(rest);
}

static void receive(Client *client, Crowd *crowd) {
  static char bytes[RECEIVE_BYTES];
  ssize_t n = recv(client->fd, bytes, sizeof bytes, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return client_close(client, crowd);
  crowd->receives++;
  crowd->bytes += n;
  if (client->state == READING_HEAD) take_head(client, crowd, bytes, n, now_ns());
  else take_body(client, crowd, bytes, n, now_ns());
}

void crowd_turn(Crowd *crowd, int wait_ms) {
  static struct epoll_event events[EVENTS];
  int n = epoll_wait(crowd->epoll, events, EVENTS, wait_ms);
  for (int i = 0; i < n; i++) {
    Client *client = events[i].data.ptr;
    if (client->state == CLOSED) continue;
    if (client->state == CONNECTING) finish_connecting(client, crowd, events[i].events);
    else receive(client, crowd);
  }
}
