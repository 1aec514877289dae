/* GPU performance monitoring: samples of a device, and metrics of the time between two of them. */

/* Samples come from a pool, so that a handle which is none is told without looking behind it. */
struct gpm_sample {
  u32 used, record, load[2], engine_load[4], pcie[2];
  u64 nvlink[2];
  i64 time;
};
static struct gpm_sample samples[512];
enum { GPM_VERSION = 1, HOPPER = 9, METRICS = 477 };

static struct gpm_sample *sample_of(handle h) {
  u64 offset = (u64)h - (u64)samples;
  if (!h || offset >= sizeof samples || offset % sizeof *samples) return 0;
  struct gpm_sample *found = &samples[offset / sizeof *samples];
  return __atomic_load_n(&found->used, __ATOMIC_ACQUIRE) ? found : 0;
}
static int body_gpm_alloc(struct call *c, handle *sample) {
  (void)c;
  if (!sample) return INVALID_ARGUMENT;
  for (u32 i = 0; i < COUNT_OF(samples); i++)
    if (!__atomic_exchange_n(&samples[i].used, 1, __ATOMIC_ACQ_REL)) {
      samples[i].time = 0;
      *sample = &samples[i];
      return SUCCESS;
    }
  return MEMORY;
}
static int body_gpm_free(struct call *c, handle h) {
  struct gpm_sample *sample = sample_of(h);
  (void)c;
  if (!sample) return INVALID_ARGUMENT;
  __atomic_store_n(&sample->used, 0, __ATOMIC_RELEASE);
  return SUCCESS;
}
static int body_gpm_support(struct call *c, nvmlGpmSupport_t *support) {
  if (!support) return INVALID_ARGUMENT;
  if (support->version != GPM_VERSION) return ARGUMENT_VERSION_MISMATCH;
  READ(c) { support->isSupportedDevice = r->architecture >= HOPPER; }
  return SUCCESS;
}
static int body_gpm_sample(struct call *c, handle h) {
  struct gpm_sample *sample = sample_of(h);
  u32 architecture = 0;
  if (!sample) return INVALID_ARGUMENT;
  READ(c) {
    architecture = r->architecture;
    memcpy(sample->load, r->load, sizeof sample->load);
    memcpy(sample->engine_load, r->engine_load, sizeof sample->engine_load);
    memcpy(sample->pcie, r->pcie_throughput, sizeof sample->pcie);
    memcpy(sample->nvlink, r->nvlink_throughput, sizeof sample->nvlink);
  }
  if (architecture < HOPPER) return NOT_SUPPORTED;
  sample->record = c->record;
  sample->time = monotonic_ns();
  return SUCCESS;
}
static int body_gpm_mig_sample(struct call *c, u32 gi, handle h) {
  struct call inside = *c;
  inside.kind = GI, inside.gi = gi;
  if (!sample_of(h) || !instance_is_there(&inside)) return INVALID_ARGUMENT;
  return body_gpm_sample(c, h);
}
/* KiB of a counter as MiB a second. */
static double rate(u64 before, u64 after, double seconds) {
  return after > before && seconds > 0 ? (double)(after - before) / 1024 / seconds : 0;
}
static int metric(u32 number, const struct gpm_sample *a, const struct gpm_sample *b, double *value) {
  double seconds = (double)(b->time - a->time) / 1e9;
  switch (number) {
    case 1: case 2: *value = (a->load[0] + b->load[0]) / 2.0; return SUCCESS;
    case 10: *value = (a->load[1] + b->load[1]) / 2.0; return SUCCESS;
    /* KB a second, as the driver's counters tell it. */
    case 20: *value = (a->pcie[0] + b->pcie[0]) / 2.0 / 1024; return SUCCESS;
    case 21: *value = (a->pcie[1] + b->pcie[1]) / 2.0 / 1024; return SUCCESS;
    case 30: *value = (a->engine_load[1] + b->engine_load[1]) / 2.0; return SUCCESS;
    case 40: *value = (a->engine_load[2] + b->engine_load[2]) / 2.0; return SUCCESS;
    case 50: *value = (a->engine_load[3] + b->engine_load[3]) / 2.0; return SUCCESS;
    case 60: *value = rate(a->nvlink[1], b->nvlink[1], seconds); return SUCCESS;
    case 61: *value = rate(a->nvlink[0], b->nvlink[0], seconds); return SUCCESS;
    default: return number && number < METRICS ? NOT_SUPPORTED : INVALID_ARGUMENT;
  }
}
static int body_gpm_metrics(struct call *c, nvmlGpmMetricsGet_t *get) {
  (void)c;
  if (!get) return INVALID_ARGUMENT;
  if (get->version != GPM_VERSION) return ARGUMENT_VERSION_MISMATCH;
  const struct gpm_sample *first = sample_of(get->sample1), *second = sample_of(get->sample2);
  if (!first || !second || !get->numMetrics || get->numMetrics > METRICS) return INVALID_ARGUMENT;
  if (!first->time || second->time <= first->time || first->record != second->record) return INVALID_ARGUMENT;
  for (u32 i = 0; i < get->numMetrics; i++) {
    nvmlGpmMetric_t *one = &get->metrics[i];
    one->value = 0;
    one->nvmlReturn = (u32)metric(one->metricId, first, second, &one->value);
    memset(&one->metricInfo, 0, sizeof one->metricInfo);
  }
  return SUCCESS;
}
