#include "publisher.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"

enum { REQUESTS_BYTES = 1 << 18, MESSAGE_LIMIT = 4096 };

static void fail(const char *what) {
  fprintf(stderr, "load: publisher: %s: %s\n", what, strerror(errno));
  exit(2);
}

void publisher_connect(Publisher *p, const Options *options) {
  int one = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options->publish_port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  p->options = options;
  p->fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(p->fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
}

// A body of exactly message_bytes that carries the mark; an event has its other members too.
static int make_body(char *into, const Options *o, int number) {
  const char *tail = o->events ? "\",\"event_date\":\"2025-07-01T10:00:00\",\"city\":\"Recife\"}" : "\"}";
  int tail_length = (int)strlen(tail);
  int n = snprintf(into, MESSAGE_LIMIT, "{%s\"title\":\"#%d@%lld#\",\"description\":\"",
                   o->events ? "" : "\"type\":\"tick\",", number, (long long)now_ns());
  while (n < o->message_bytes - tail_length && n < MESSAGE_LIMIT - 128) {
    into[n] = (char)('a' + n % 26);
    n++;
  }
  memcpy(into + n, tail, (size_t)tail_length);
  return n + tail_length;
}

static int make_request(char *into, const Options *o, int number) {
  char body[MESSAGE_LIMIT];
  int length = make_body(body, o, number);
  int n = sprintf(into, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
                  "Content-Length: %d\r\n\r\n", o->publish_path, o->port, length);
  memcpy(into + n, body, (size_t)length);
  return n + length;
}

// The end of the first whole answer in [p, end), or NULL.
static char *answer_end(char *p, char *end, int *status) {
  char *head_end = memmem(p, (size_t)(end - p), "\r\n\r\n", 4);
  if (!head_end) return NULL;
  *head_end = 0;
  *status = atoi(p + sizeof "HTTP/1.1");
  char *length = strcasestr(p, "\r\ncontent-length:");
  bool chunked = !length && strcasestr(p, "\r\ntransfer-encoding: chunked");
  *head_end = '\r';
  char *body = head_end + 4;
  if (chunked) {
    char *last = memmem(body, (size_t)(end - body), "0\r\n\r\n", 5);
    return last ? last + 5 : NULL;
  }
  body += length ? atoi(length + sizeof "\r\ncontent-length:" - 1) : 0;
  return body <= end ? body : NULL;
}

static void read_answers(Publisher *p, int flags) {
  ssize_t n = recv(p->fd, p->answers + p->answers_length, sizeof p->answers - (size_t)p->answers_length - 1, flags);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) fail("receive");
  p->answers_length += n;
  char *from = p->answers, *end = from + p->answers_length, *next;
  int status;
  while ((next = answer_end(from, end, &status))) {
    if (status < 200 || status > 299) {
      if (!p->refused++) fprintf(stderr, "load: publisher: status %d\n", status);
    }
    p->answered++;
    from = next;
  }
  p->answers_length = end - from;
  memmove(p->answers, from, (size_t)p->answers_length);
}

static void send_all(Publisher *p, const char *bytes, int64_t length) {
  for (int64_t done = 0; done < length;) {
    ssize_t n = send(p->fd, bytes + done, (size_t)(length - done), MSG_NOSIGNAL);
    if (n <= 0) fail("send");
    done += n;
  }
}

static void publish_paced(Publisher *p, int first, int last, double rate) {
  char request[2 * MESSAGE_LIMIT];
  int64_t start = now_ns();
  for (int number = first; number <= last; number++) {
    sleep_until_ns(start + (int64_t)((number - first) * 1e9 / rate));
    send_all(p, request, make_request(request, p->options, number));
    read_answers(p, MSG_DONTWAIT);
  }
}

static void publish_burst(Publisher *p, int first, int last) {
  static char requests[REQUESTS_BYTES];
  int64_t base = p->answered;
  for (int number = first; number <= last;) {
    int64_t length = 0;
    while (number <= last && number - first - (p->answered - base) < p->options->depth &&
           length < REQUESTS_BYTES - 2 * MESSAGE_LIMIT)
      length += make_request(requests + length, p->options, number++);
    send_all(p, requests, length);
    read_answers(p, 0);
  }
}

void publish(Publisher *p, int first, int last, double rate) {
  int64_t wanted = p->answered + last - first + 1;
  if (rate > 0) publish_paced(p, first, last, rate);
  else publish_burst(p, first, last);
  while (p->answered < wanted) read_answers(p, 0);
}

static void *run(void *argument) {
  Publisher *p = argument;
  p->started_at = now_ns();
  publish(p, 1, p->options->messages, p->options->rate);
  p->ended_at = now_ns();
  p->done = true;
  return NULL;
}

void publish_in_thread(Publisher *p) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, run, p) != 0) fail("thread");
  pthread_detach(thread);
}
