// Server-Sent Events: WHATWG HTML §9.2.6, as far as `data` and `id` go.
#include <string.h>

#include "client.h"

static bool has_field(const char *line, const char *end, const char *name, const char **value) {
  size_t n = strlen(name);
  if ((size_t)(end - line) < n || memcmp(line, name, n) != 0) return false;
  *value = line + n;
  if (*value < end && **value == ' ') ++*value;
  return true;
}

static void keep_id(Score *score, const char *value, const char *end) {
  size_t n = (size_t)(end - value);
  if (n >= sizeof score->last_event_id) n = sizeof score->last_event_id - 1;
  memcpy(score->last_event_id, value, n);
  score->last_event_id[n] = 0;
}

int64_t sse_parse(Client *client, Crowd *crowd, const char *text, int64_t length, int64_t now) {
  const char *line = text, *end = text + length, *newline, *value;
  while (line < end && (newline = memchr(line, '\n', (size_t)(end - line)))) {
    const char *line_end = newline > line && newline[-1] == '\r' ? newline - 1 : newline;
    if (has_field(line, line_end, "data:", &value))
      tally_text(&client->tally, crowd->score, value, line_end - value, now);
    else if (crowd->score->keep_id && has_field(line, line_end, "id:", &value))
      keep_id(crowd->score, value, line_end);
    line = newline + 1;
  }
  return line - text;
}
