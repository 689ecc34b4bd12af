// What the server used, as the kernel tells it: proc(5).
#pragma once

typedef struct {
  double cpu_seconds;  // of all its processes and threads, to the nanosecond (schedstat)
  double user_seconds, system_seconds;  // to the clock tick
  double pss_kb;       // proportional memory: what is shared with others is divided
} ServerUse;

ServerUse server_use(const int *pids, int count);  // these processes and their descendants
double kernel_tcp_kb(void);                        // socket buffers of the whole machine
double own_cpu_seconds(void);
