// A load generator for fan-out over SSE, WebSocket and Socket.IO, on one core.
//
// One thread receives and parses every event of every client (epoll), another publishes. What
// the server used is read from /proc. One JSON object on stdout tells the result; with no
// --publish-path the line "ready" comes before it, when all clients are subscribed.
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "client.h"
#include "clock.h"
#include "procfs.h"
#include "publisher.h"

typedef struct {
  Options options;
  Score score;
  Crowd crowd;
  Client *clients;
  Publisher publisher;
  char request[1024];
  int64_t deadline;
  int64_t connect_started, connect_ended;
  int64_t started, ended;
  int connected;
  ServerUse before_connect, after_connect, before, after;
  double tcp_kb_before, tcp_kb_after;
  double own_cpu_before, own_cpu_after;
} Run;

static ServerUse use_now(const Run *run) {
  return server_use(run->options.server_pids, run->options.server_pid_count);
}

static void turn_for(Run *run, double length) {
  for (int64_t end = now_ns() + (int64_t)(length * 1e9); now_ns() < end;) crowd_turn(&run->crowd, 5);
}

static void use_request(Run *run, Transport transport, const char *path, const char *last_event_id) {
  run->crowd.request = run->request;
  run->crowd.request_length =
      subscribe_request(run->request, sizeof run->request, &run->options, transport, path, last_event_id);
}

// Learn a cursor on a client of its own, then publish everything that the others will have missed.
static void publish_before_connecting(Run *run) {
  Client scout = {.transport = SSE};
  tally_init(&scout.tally, &run->score);
  use_request(run, SSE, run->options.scout_path, NULL);
  client_connect(&scout, &run->crowd);
  while (scout.state != SUBSCRIBED && scout.state != CLOSED && now_ns() < run->deadline) crowd_turn(&run->crowd, 20);
  turn_for(run, 0.3);
  run->score.keep_id = true;
  publish(&run->publisher, 0, 0, 0);
  while (!run->score.last_event_id[0] && scout.state == SUBSCRIBED && now_ns() < run->deadline)
    crowd_turn(&run->crowd, 20);
  run->score.keep_id = false;
  client_close(&scout, &run->crowd);
  publish(&run->publisher, 1, run->options.messages, 0);
  run->crowd.closed = 0;
  turn_for(run, 0.3);
  run->score.delivered = 0;
}

static void connect_all(Run *run) {
  Crowd *crowd = &run->crowd;
  const char *cursor = run->options.replay ? run->score.last_event_id : NULL;
  use_request(run, run->options.transport, run->options.path, cursor);
  run->before_connect = use_now(run);
  run->tcp_kb_before = kernel_tcp_kb();
  run->connect_started = now_ns();
  for (int started = 0; crowd->subscribed + crowd->closed < run->options.clients && now_ns() < run->deadline;) {
    while (started < run->options.clients &&
           started - crowd->subscribed - crowd->closed < run->options.connecting_at_once)
      client_connect(&run->clients[started++], crowd);
    crowd_turn(crowd, 5);
  }
  run->connect_ended = now_ns();
  run->connected = crowd->subscribed;
}

static void settle(Run *run) {
  turn_for(run, run->options.settle_seconds);
  run->after_connect = use_now(run);
  run->tcp_kb_after = kernel_tcp_kb();
  run->score.delivered = 0;
  run->score.latency = (Histogram){0};
  run->crowd.receives = run->crowd.bytes = 0;
}

static bool complete(const Run *run) {
  if (run->options.until_finished) return run->score.finished_clients >= run->connected;
  return run->score.delivered >= (int64_t)run->options.clients * run->options.messages;
}

static void receive_all(Run *run) {
  while (!complete(run) && now_ns() < run->deadline && run->crowd.subscribed + run->crowd.closed > 0)
    crowd_turn(&run->crowd, 5);
  run->ended = run->score.last_at ? run->score.last_at : now_ns();
  run->own_cpu_after = own_cpu_seconds();
  run->after = use_now(run);
  turn_for(run, 0.1);  // Repeats would come late.
}

static void start_measuring(Run *run, ServerUse before, int64_t at) {
  run->before = before;
  run->started = at;
}

static void run_replay(Run *run) {
  publish_before_connecting(run);
  run->own_cpu_before = own_cpu_seconds();
  connect_all(run);
  start_measuring(run, run->before_connect, run->connect_started);
  receive_all(run);
}

static void run_live(Run *run) {
  connect_all(run);
  settle(run);
  if (!run->options.publish_path) {
    puts("ready");
    fflush(stdout);
  }
  run->own_cpu_before = own_cpu_seconds();
  start_measuring(run, use_now(run), now_ns());
  if (run->options.publish_path) publish_in_thread(&run->publisher);
  receive_all(run);
}

typedef struct {
  int64_t missing, repeats, disorders, differing;
} Faults;

static Faults count_faults(const Run *run) {
  Faults faults = {0};
  for (int i = 0; i < run->options.clients; i++) {
    const Tally *tally = &run->clients[i].tally;
    if (!run->options.until_finished) faults.missing += run->options.messages - tally->received;
    else if (tally->ids_hash != run->clients[0].tally.ids_hash || !tally->finished) faults.differing++;
    faults.repeats += tally->repeats;
    faults.disorders += tally->disorders;
  }
  return faults;
}

static void report(const Run *run) {
  Faults faults = count_faults(run);
  double wall = seconds(run->ended - run->started), cpu = run->after.cpu_seconds - run->before.cpu_seconds;
  double connect_seconds = seconds(run->connect_ended - run->connect_started);
  double publish_seconds = seconds(run->publisher.ended_at - run->publisher.started_at);
  double own_cpu = run->own_cpu_after - run->own_cpu_before;
  int clients = run->options.clients;
  bool memory = !run->options.replay;
  printf("{\"clients\":%d,\"connected\":%d,\"delivered\":%lld,", clients, run->connected,
         (long long)run->score.delivered);
  printf("\"missing\":%lld,\"repeats\":%lld,\"disorders\":%lld,\"differing\":%lld,\"unreadable\":%lld,"
         "\"refused\":%d,", (long long)faults.missing, (long long)faults.repeats, (long long)faults.disorders,
         (long long)faults.differing, (long long)run->score.unreadable, run->publisher.refused);
  printf("\"wall_seconds\":%.4f,\"server_cpu_seconds\":%.4f,\"user_seconds\":%.2f,\"system_seconds\":%.2f,", wall, cpu,
         run->after.user_seconds - run->before.user_seconds, run->after.system_seconds - run->before.system_seconds);
  printf("\"deliveries_per_cpu_second\":%.0f,\"deliveries_per_second\":%.0f,",
         cpu > 0 ? (double)run->score.delivered / cpu : 0, wall > 0 ? (double)run->score.delivered / wall : 0);
  printf("\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"max_ms\":%.3f,",
         histogram_percentile_ms(&run->score.latency, 0.5), histogram_percentile_ms(&run->score.latency, 0.99),
         histogram_percentile_ms(&run->score.latency, 0.999), (double)run->score.latency.max_us / 1000);
  printf("\"connections_per_second\":%.0f,\"published_per_second\":%.0f,", run->connected / connect_seconds,
         publish_seconds > 0 ? run->options.messages / publish_seconds : 0);
  printf("\"kb_per_connection\":%.2f,\"kernel_kb_per_connection\":%.2f,\"pss_mb\":%.1f,",
         memory ? (run->after_connect.pss_kb - run->before_connect.pss_kb) / clients : 0,
         memory ? (run->tcp_kb_after - run->tcp_kb_before) / clients : 0, run->after.pss_kb / 1024);
  printf("\"receives\":%lld,\"bytes\":%lld,\"generator_core_share\":%.3f}\n", (long long)run->crowd.receives,
         (long long)run->crowd.bytes, wall > 0 ? own_cpu / wall : 0);
}

static void stay_on(int cpu) {
  cpu_set_t set;
  if (cpu < 0) return;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) perror("load: affinity");
}

int main(int argc, char **argv) {
  static Run run;
  signal(SIGPIPE, SIG_IGN);
  run.options = options_parse(argc, argv);
  stay_on(run.options.cpu);
  run.score.messages = run.options.messages;
  run.score.by_id = run.options.until_finished;
  run.crowd = (Crowd){.epoll = epoll_create1(0), .options = &run.options, .score = &run.score};
  run.clients = calloc((size_t)run.options.clients, sizeof *run.clients);
  for (int i = 0; i < run.options.clients; i++) {
    run.clients[i].transport = run.options.transport;
    tally_init(&run.clients[i].tally, &run.score);
  }
  run.deadline = now_ns() + (int64_t)(run.options.timeout_seconds * 1e9);
  if (run.options.publish_path) publisher_connect(&run.publisher, &run.options);
  if (run.options.replay) run_replay(&run);
  else run_live(&run);
  report(&run);
  return 0;
}
