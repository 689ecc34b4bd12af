#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void refuse(const char *what) {
  fprintf(stderr, "load: unknown or incomplete option %s\n", what);
  exit(2);
}

static Transport transport_named(const char *name) {
  if (!strcmp(name, "sse")) return SSE;
  if (!strcmp(name, "ws")) return WEBSOCKET;
  if (!strcmp(name, "socket.io")) return SOCKET_IO;
  refuse(name);
  return SSE;
}

static void parse_pids(Options *o, char *list) {
  for (char *pid = strtok(list, ","); pid && o->server_pid_count < MAX_SERVER_PIDS; pid = strtok(NULL, ","))
    o->server_pids[o->server_pid_count++] = atoi(pid);
}

static bool parse_flag(Options *o, const char *name) {
  if (!strcmp(name, "--replay")) return o->replay = true;
  if (!strcmp(name, "--events")) return o->events = true;
  if (!strcmp(name, "--until-finished")) return o->until_finished = true;
  return false;
}

static bool parse_number(Options *o, const char *name, const char *value) {
  struct { const char *name; int *into; } whole[] = {
      {"--port", &o->port}, {"--publish-port", &o->publish_port},       {"--clients", &o->clients}, {"--messages", &o->messages},
      {"--bytes", &o->message_bytes}, {"--depth", &o->depth}, {"--cpu", &o->cpu},
      {"--connecting-at-once", &o->connecting_at_once},
  };
  struct { const char *name; double *into; } real[] = {
      {"--rate", &o->rate}, {"--settle", &o->settle_seconds}, {"--timeout", &o->timeout_seconds},
  };
  for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
    if (!strcmp(name, whole[i].name)) return *whole[i].into = atoi(value), true;
  for (size_t i = 0; i < sizeof real / sizeof *real; i++)
    if (!strcmp(name, real[i].name)) return *real[i].into = atof(value), true;
  return false;
}

static void parse_text(Options *o, const char *name, char *value) {
  if (!strcmp(name, "--transport")) o->transport = transport_named(value);
  else if (!strcmp(name, "--path")) o->path = value;
  else if (!strcmp(name, "--subprotocol")) o->subprotocol = value;
  else if (!strcmp(name, "--scout-path")) o->scout_path = value;
  else if (!strcmp(name, "--publish-path")) o->publish_path = value;
  else if (!strcmp(name, "--pids")) parse_pids(o, value);
  else refuse(name);
}

Options options_parse(int argc, char **argv) {
  Options o = {.transport = SSE, .path = "/sse", .clients = 100, .messages = 1000, .message_bytes = 200,
               .depth = 32, .connecting_at_once = 200, .settle_seconds = 0.7, .timeout_seconds = 60, .cpu = -1};
  for (int i = 1; i < argc; i++) {
    if (parse_flag(&o, argv[i])) continue;
    if (i + 1 >= argc) refuse(argv[i]);
    if (!parse_number(&o, argv[i], argv[i + 1])) parse_text(&o, argv[i], argv[i + 1]);
    i++;
  }
  if (!o.publish_port) o.publish_port = o.port;
  if (!o.scout_path) o.scout_path = o.path;
  return o;
}
