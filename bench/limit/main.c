// The physical limit of fan-out: a broadcaster in C with nothing but the writes.
//
// One thread, epoll, a journal of encoded frames, each subscriber an offset. `each` sends every
// message to every subscriber by itself; `coalesce MS` lets a write take what came meanwhile.
//   limit PORT each | limit PORT coalesce MS
//   GET /sse, GET /ws (any key is answered as that of RFC 6455 §1.3), POST /pub
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "journal.h"

enum { MAX_CONNECTIONS = 20000, INPUT_BYTES = 1 << 17, EVENTS = 1024 };

typedef struct {
  bool subscribed, blocked;
  Framing framing;
  int64_t offset;
  int place;  // in `subscribers`
  char *input;
  int64_t input_length;
} Connection;

static struct {
  Connection connections[MAX_CONNECTIONS];  // by file descriptor
  int subscribers[MAX_CONNECTIONS], subscriber_count;
  Journal journal;
  int epoll, listener;
  bool coalesce, waiting;
  int64_t gap_ns, waiting_since;
} server;

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void watch(int operation, int fd, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  epoll_ctl(server.epoll, operation, fd, &event);
}

static void free_input(Connection *c) {
  free(c->input);
  c->input = NULL;
  c->input_length = 0;
}

static void drop(int fd) {
  Connection *c = &server.connections[fd];
  if (c->subscribed) {
    int moved = server.subscribers[--server.subscriber_count];
    server.subscribers[c->place] = moved;
    server.connections[moved].place = c->place;
  }
  free_input(c);
  close(fd);
}

static void send_ready(int fd) {
  Connection *c = &server.connections[fd];
  const Journal *j = &server.journal;
  int64_t left = j->length[c->framing] - c->offset;
  if (!left) return;
  ssize_t n = send(fd, j->bytes[c->framing] + c->offset, (size_t)left, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n > 0) c->offset += n;
  bool blocked = n < left;
  if (blocked != c->blocked) watch(EPOLL_CTL_MOD, fd, EPOLLIN | (blocked ? EPOLLOUT : 0));
  c->blocked = blocked;
}

static void send_to_all(void) {
  for (int i = 0; i < server.subscriber_count; i++)
    if (!server.connections[server.subscribers[i]].blocked) send_ready(server.subscribers[i]);
  server.waiting = false;
}

static void publish(const char *message, int64_t length) {
  journal_append(&server.journal, message, length);
  if (!server.coalesce) {
    send_to_all();
  } else if (!server.waiting) {
    server.waiting = true;
    server.waiting_since = now_ns();
  }
}

static void subscribe(int fd, Framing framing, const char *head) {
  static const char sse[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
  static const char websocket[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
  Connection *c = &server.connections[fd];
  const char *answer = framing == SSE ? sse : websocket, *cursor = strcasestr(head, "last-event-id:");
  int64_t after = cursor ? atoll(cursor + sizeof "last-event-id:" - 1) : server.journal.head;
  send(fd, answer, strlen(answer), MSG_NOSIGNAL);
  c->subscribed = true;
  c->framing = framing;
  c->offset = journal_offset_after(&server.journal, framing, after);
  c->place = server.subscriber_count;
  server.subscribers[server.subscriber_count++] = fd;
  free_input(c);
  send_ready(fd);
}

// Answer the first whole request of the input; bytes it took, 0 when it is not all there.
static int64_t answer_request(int fd, char *p, const char *end) {
  static const char taken[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  char *head_end = memmem(p, (size_t)(end - p), "\r\n\r\n", 4);
  if (!head_end) return 0;
  *head_end = 0;
  if (memcmp(p, "GET", 3) == 0) return subscribe(fd, memcmp(p + 4, "/ws", 3) ? SSE : WEBSOCKET, p), end - p;
  char *length = strcasestr(p, "content-length:");
  int64_t body = length ? atoll(length + sizeof "content-length:" - 1) : 0;
  *head_end = '\r';
  if (head_end + 4 + body > end) return 0;
  publish(head_end + 4, body);
  send(fd, taken, sizeof taken - 1, MSG_NOSIGNAL);
  return head_end + 4 + body - p;
}

static void receive(int fd) {
  Connection *c = &server.connections[fd];
  if (!c->input) c->input = malloc(INPUT_BYTES);
  ssize_t n = recv(fd, c->input + c->input_length, (size_t)(INPUT_BYTES - c->input_length), MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) return drop(fd);
  if (c->subscribed) return free_input(c);
  c->input_length += n;
  int64_t done = 0, taken;
  while (!c->subscribed && (taken = answer_request(fd, c->input + done, c->input + c->input_length))) done += taken;
  if (c->subscribed) return;
  c->input_length -= done;
  memmove(c->input, c->input + done, (size_t)c->input_length);
  if (!c->input_length) free_input(c);
}

static void accept_all(void) {
  int fd, one = 1;
  while ((fd = accept4(server.listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    if (fd >= MAX_CONNECTIONS) {
      close(fd);
      continue;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    server.connections[fd] = (Connection){0};
    watch(EPOLL_CTL_ADD, fd, EPOLLIN);
  }
}

static void listen_on(int port) {
  int one = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  server.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(server.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(server.listener, (struct sockaddr *)&address, sizeof address) || listen(server.listener, 4096)) {
    perror("limit: listen");
    exit(1);
  }
  watch(EPOLL_CTL_ADD, server.listener, EPOLLIN);
}

static int wait_ms(void) {
  if (!server.waiting) return -1;
  int64_t left = server.waiting_since + server.gap_ns - now_ns();
  return left <= 0 ? 0 : (int)((left + 999999) / 1000000);
}

static void turn(void) {
  static struct epoll_event events[EVENTS];
  int n = epoll_wait(server.epoll, events, EVENTS, wait_ms());
  for (int i = 0; i < n; i++) {
    int fd = events[i].data.fd;
    if (fd == server.listener) {
      accept_all();
      continue;
    }
    if (events[i].events & EPOLLOUT) send_ready(fd);
    if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(fd);
  }
  if (server.waiting && wait_ms() == 0) send_to_all();
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "limit PORT each | limit PORT coalesce MS\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  server.coalesce = strcmp(argv[2], "coalesce") == 0;
  server.gap_ns = argc > 3 ? (int64_t)(atof(argv[3]) * 1e6) : 0;
  server.epoll = epoll_create1(0);
  journal_init(&server.journal);
  listen_on(atoi(argv[1]));
  for (;;) turn();
}
