// What one run does, from the command line.
#pragma once
#include <stdbool.h>

typedef enum { SSE, WEBSOCKET, SOCKET_IO } Transport;

enum { MAX_SERVER_PIDS = 16 };

typedef struct {
  Transport transport;
  int port;
  int publish_port;          // where to publish; the same unless told otherwise
  const char *path;          // what clients subscribe to
  const char *subprotocol;   // of a WebSocket; NULL: none
  const char *scout_path;    // an SSE path of the same feed, to learn a cursor for --replay
  const char *publish_path;  // NULL: someone else publishes; the run says "ready" on stdout
  bool events;               // publish events (POST /api/v1/eventos), not bare messages
  int clients;
  int messages;
  int message_bytes;
  double rate;               // messages a second; 0: as fast as they are taken
  int depth;                 // requests under way on the publisher's connection
  bool replay;               // publish first, then connect with the cursor from before
  bool until_finished;       // messages are not numbered by us: stop at `finished`, compare ids
  int connecting_at_once;
  double settle_seconds;
  double timeout_seconds;
  int cpu;                   // core to stay on; -1: any
  int server_pids[MAX_SERVER_PIDS];
  int server_pid_count;
} Options;

Options options_parse(int argc, char **argv);  // exits with 2 on a wrong command line
