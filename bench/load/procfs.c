#include "procfs.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MAX_PROCESSES = 64 };

typedef struct {
  int pids[MAX_PROCESSES];
  int count;
} Family;

// Parent and times of a process, or false when it is gone. The name may hold blanks and ')'.
static bool read_stat(int pid, int *parent, unsigned long *user, unsigned long *system) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = fopen(path, "r");
  if (!file) return false;
  size_t n = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[n] = 0;
  char *rest = strrchr(text, ')');
  return rest && sscanf(rest + 2, "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", parent, user, system) == 3;
}

static bool contains(const Family *family, int pid) {
  for (int i = 0; i < family->count; i++)
    if (family->pids[i] == pid) return true;
  return false;
}

static bool add_children(Family *family) {
  bool added = false;
  DIR *proc = opendir("/proc");
  for (struct dirent *entry; proc && (entry = readdir(proc));) {
    int pid = atoi(entry->d_name), parent;
    unsigned long user, system;
    if (pid <= 0 || contains(family, pid) || family->count == MAX_PROCESSES) continue;
    if (!read_stat(pid, &parent, &user, &system) || !contains(family, parent)) continue;
    family->pids[family->count++] = pid;
    added = true;
  }
  if (proc) closedir(proc);
  return added;
}

static Family family_of(const int *pids, int count) {
  Family family = {.count = count};
  memcpy(family.pids, pids, sizeof *pids * (size_t)count);
  while (add_children(&family)) {
  }
  return family;
}

static double threads_cpu_seconds(int pid) {
  char path[320];
  double total = 0, ns;
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *tasks = opendir(path);
  for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
    if (!isdigit((unsigned char)entry->d_name[0])) continue;
    snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, entry->d_name);
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%lf", &ns) == 1) total += ns;
    if (file) fclose(file);
  }
  if (tasks) closedir(tasks);
  return total / 1e9;
}

static double pss_kb(int pid) {
  char path[64], line[256];
  double kb = 0;
  snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
  FILE *file = fopen(path, "r");
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "Pss: %lf", &kb) == 1) break;
  if (file) fclose(file);
  return kb;
}

ServerUse server_use(const int *pids, int count) {
  ServerUse use = {0};
  Family family = family_of(pids, count);
  double ticks = (double)sysconf(_SC_CLK_TCK);
  for (int i = 0; i < family.count; i++) {
    int parent;
    unsigned long user, system;
    if (!read_stat(family.pids[i], &parent, &user, &system)) continue;
    use.user_seconds += (double)user / ticks;
    use.system_seconds += (double)system / ticks;
    use.cpu_seconds += threads_cpu_seconds(family.pids[i]);
    use.pss_kb += pss_kb(family.pids[i]);
  }
  return use;
}

double kernel_tcp_kb(void) {
  char line[256];
  double pages = 0;
  FILE *file = fopen("/proc/net/sockstat", "r");
  while (file && fgets(line, sizeof line, file)) {
    char *mem = strstr(line, " mem ");
    if (!strncmp(line, "TCP:", 4) && mem) pages = atof(mem + 5);
  }
  if (file) fclose(file);
  return pages * (double)sysconf(_SC_PAGESIZE) / 1024;
}

double own_cpu_seconds(void) {
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
         (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}
