/* Who is on a device. Process ids are those of the caller's namespace, where it can see them. */

static u64 own_namespace(void) {
  char text[64];
  u64 number = 0;
  long count = kernel(SYS_readlinkat, AT_FDCWD, (long)"/proc/self/ns/pid", (long)text, sizeof text, 0, 0);
  for (long i = 0; i < count; i++)
    if (text[i] >= '0' && text[i] <= '9') number = number * 10 + (u64)(text[i] - '0');
  return number;
}
/* The process id as the caller knows it, or 0 when it cannot see the process. */
static u32 visible_id(const struct process *one, u64 own, u64 daemon) {
  if (!own || !daemon || own == daemon) return one->pid;
  return one->namespace == own ? one->inner_pid : 0;
}
enum { COMPUTE = 1, GRAPHICS = 2, MPS = 4 };
struct list { struct process entries[96]; u32 count; };
static void collect(struct call *c, u32 kind, struct list *to) {
  u64 own = own_namespace(), daemon = 0;
  READ_NODE { daemon = r->namespace; }
  READ(c) {
    u32 count = kind == MPS ? r->mps_count : r->processes_count;
    const struct process *all = kind == MPS ? r->mps : r->processes;
    u32 most = kind == MPS ? COUNT_OF(r->mps) : COUNT_OF(r->processes);
    to->count = 0;
    for (u32 i = 0; i < count && i < most; i++) {
      struct process one = all[i];
      if (kind != MPS && !(one.kind & kind)) continue;
      if (c->kind == MIG && (one.gi != c->gi || one.ci != c->ci)) continue;
      one.pid = visible_id(&one, own, daemon);
      if (one.pid) to->entries[to->count++] = one;
    }
  }
}
static int processes(struct call *c, u32 kind, u32 *count, void *infos, u32 version) {
  struct list found;
  if (!count || (*count && !infos)) return INVALID_ARGUMENT;
  collect(c, kind, &found);
  u32 room = *count;
  *count = found.count;
  if (found.count > room) return INSUFFICIENT_SIZE;
  for (u32 i = 0; i < found.count; i++) {
    const struct process *one = &found.entries[i];
    if (version == 1) {
      nvmlProcessInfo_v1_t *to = (nvmlProcessInfo_v1_t *)infos + i;
      to->pid = one->pid;
      to->usedGpuMemory = one->used;
    } else {
      nvmlProcessInfo_v2_t *to = (nvmlProcessInfo_v2_t *)infos + i;
      to->pid = one->pid;
      to->usedGpuMemory = one->used;
      to->gpuInstanceId = one->gi;
      to->computeInstanceId = one->ci;
    }
  }
  return SUCCESS;
}
static int body_compute_processes(struct call *c, u32 *count, void *infos) { return processes(c, COMPUTE, count, infos, 2); }
static int body_graphics_processes(struct call *c, u32 *count, void *infos) { return processes(c, GRAPHICS, count, infos, 2); }
static int body_mps_processes(struct call *c, u32 *count, void *infos) { return processes(c, MPS, count, infos, 2); }
static int body_compute_processes_v1(struct call *c, u32 *count, void *infos) { return processes(c, COMPUTE, count, infos, 1); }
static int body_graphics_processes_v1(struct call *c, u32 *count, void *infos) { return processes(c, GRAPHICS, count, infos, 1); }
static int body_mps_processes_v1(struct call *c, u32 *count, void *infos) { return processes(c, MPS, count, infos, 1); }
static int body_process_details(struct call *c, nvmlProcessDetailList_v1_t *list) {
  struct list found;
  if (!list) return INVALID_ARGUMENT;
  if (list->version != nvmlProcessDetailList_v1) return ARGUMENT_VERSION_MISMATCH;
  if (list->mode > 2) return INVALID_ARGUMENT;
  collect(c, list->mode == 0 ? COMPUTE : list->mode == 1 ? GRAPHICS : MPS, &found);
  u32 room = list->procArray ? list->numProcArrayEntries : 0;
  list->numProcArrayEntries = found.count;
  if (found.count > room) return INSUFFICIENT_SIZE;
  for (u32 i = 0; i < found.count; i++) {
    nvmlProcessDetail_v1_t *to = (nvmlProcessDetail_v1_t *)list->procArray + i;
    to->pid = found.entries[i].pid;
    to->usedGpuMemory = found.entries[i].used;
    to->gpuInstanceId = found.entries[i].gi;
    to->computeInstanceId = found.entries[i].ci;
    to->usedGpuCcProtectedMemory = 0;
  }
  return SUCCESS;
}
static int utilised(struct call *c, u64 since, struct list *found) {
  u32 partitioned = 0;
  u64 now = unix_us();
  READ(c) { partitioned = r->mig_supported && r->mig_mode == 1; }
  if (partitioned) return NOT_SUPPORTED;
  collect(c, COMPUTE | GRAPHICS, found);
  /* Running processes are sampled all the time: the last sample is of now. */
  for (u32 i = 0; i < found->count; i++) found->entries[i].time = now;
  return found->count && since < now ? SUCCESS : NOT_FOUND;
}
static int body_process_utilization(struct call *c, nvmlProcessUtilizationSample_t *samples, u32 *count, u64 since) {
  struct list found;
  if (!count) return INVALID_ARGUMENT;
  int result = utilised(c, since, &found);
  u32 room = samples ? *count : 0;
  if (result) { *count = 0; return result; }
  *count = found.count;
  if (found.count > room) return INSUFFICIENT_SIZE;
  for (u32 i = 0; i < found.count; i++) {
    samples[i].pid = found.entries[i].pid;
    samples[i].timeStamp = found.entries[i].time;
    samples[i].smUtil = found.entries[i].sm;
    samples[i].memUtil = found.entries[i].mem;
    samples[i].encUtil = found.entries[i].enc;
    samples[i].decUtil = found.entries[i].dec;
  }
  return SUCCESS;
}
static int body_processes_utilization(struct call *c, nvmlProcessesUtilizationInfo_v1_t *info) {
  struct list found;
  if (!info) return INVALID_ARGUMENT;
  if (info->version != nvmlProcessesUtilizationInfo_v1) return ARGUMENT_VERSION_MISMATCH;
  int result = utilised(c, info->lastSeenTimeStamp, &found);
  u32 room = info->procUtilArray ? info->processSamplesCount : 0;
  info->processSamplesCount = result ? 0 : found.count;
  if (result) return result;
  if (found.count > room) return INSUFFICIENT_SIZE;
  for (u32 i = 0; i < found.count; i++) {
    nvmlProcessUtilizationInfo_v1_t *to = (nvmlProcessUtilizationInfo_v1_t *)info->procUtilArray + i;
    memset(to, 0, sizeof *to);
    to->timeStamp = found.entries[i].time;
    to->pid = found.entries[i].pid;
    to->smUtil = found.entries[i].sm;
    to->memUtil = found.entries[i].mem;
    to->encUtil = found.entries[i].enc;
    to->decUtil = found.entries[i].dec;
  }
  return SUCCESS;
}
static int body_accounting_pids(struct call *c, u32 *count, u32 *pids) {
  u32 found[64], there = 0, mode = 0;
  if (!count || (*count && !pids)) return INVALID_ARGUMENT;
  READ(c) {
    mode = r->accounting;
    there = r->accounts_count < 64 ? r->accounts_count : 64;
    for (u32 i = 0; i < there; i++) found[i] = r->accounts[i].pid;
  }
  if (!mode) return NOT_SUPPORTED;
  u32 room = *count;
  *count = there;
  if (there > room) return INSUFFICIENT_SIZE;
  if (there) memcpy(pids, found, there * sizeof *found);
  return SUCCESS;
}
static int body_accounting_stats(struct call *c, u32 pid, nvmlAccountingStats_t *stats) {
  struct account found;
  u32 there = 0, mode = 0;
  if (!stats) return INVALID_ARGUMENT;
  READ(c) {
    there = 0, mode = r->accounting;
    for (u32 i = 0; i < r->accounts_count && i < 64; i++)
      if (r->accounts[i].pid == pid) found = r->accounts[i], there = 1;
  }
  if (!mode) return NOT_SUPPORTED;
  if (!there) return NOT_FOUND;
  memset(stats, 0, sizeof *stats);
  stats->gpuUtilization = found.gpu;
  stats->memoryUtilization = found.memory;
  stats->maxMemoryUsage = found.most;
  stats->time = found.running ? 0 : found.milliseconds;
  stats->startTime = found.start;
  stats->isRunning = found.running;
  return SUCCESS;
}
