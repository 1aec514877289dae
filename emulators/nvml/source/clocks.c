/* Clocks, temperatures of several sensors, states and samples. */

static int body_clock(struct call *c, u32 type, u32 which, u32 *clock) {
  u32 found = ABSENT_32;
  if (!clock || type > 3 || which > 3) return INVALID_ARGUMENT;
  READ(c) {
    found = which == 0 ? r->clocks[type]
          : which == 1 ? (type < 3 ? r->clocks_application[type] : ABSENT_32)
          : which == 2 ? (type < 3 ? r->clocks_default[type] : ABSENT_32) : r->clocks_max[type];
  }
  if (found == ABSENT_32) return NOT_SUPPORTED;
  *clock = found;
  return SUCCESS;
}
static int body_memory_clocks(struct call *c, u32 *count, u32 *clocks) {
  u32 found[8], there = 0;
  if (!count) return INVALID_ARGUMENT;
  READ(c) {
    there = r->supported_memory_count < 8 ? r->supported_memory_count : 8;
    memcpy(found, r->supported_memory, sizeof found);
  }
  if (!there) return NOT_SUPPORTED;
  u32 room = *count;
  *count = there;
  if (!clocks || room < there) return INSUFFICIENT_SIZE;
  memcpy(clocks, found, there * sizeof *found);
  return SUCCESS;
}
static int body_graphics_clocks(struct call *c, u32 memory, u32 *count, u32 *clocks) {
  u32 most = 0, least = 0, step = 0, known = 0;
  if (!count) return INVALID_ARGUMENT;
  READ(c) {
    most = r->clocks_max[0], least = r->graphics_lowest, step = r->graphics_step;
    known = 0;
    for (u32 i = 0; i < r->supported_memory_count && i < 8; i++) known |= r->supported_memory[i] == memory;
    if (!r->supported_memory_count) known = 2;
  }
  if (known == 2 || !step || most == ABSENT_32) return NOT_SUPPORTED;
  if (!known) return NOT_FOUND;
  u32 there = most < least ? 0 : (most - least) / step + 1, room = *count;
  *count = there;
  if (!clocks || room < there) return INSUFFICIENT_SIZE;
  for (u32 i = 0; i < there; i++) clocks[i] = most - i * step;
  return SUCCESS;
}
static int body_performance_states(struct call *c, u32 *states, u32 size) {
  (void)c;
  if (!states || !size) return INVALID_ARGUMENT;
  /* Bytes of the array: what is left of it is filled with 32, unknown. */
  for (u32 i = 0; i < size / sizeof *states; i++) states[i] = i == 0 ? 0 : 32;
  return SUCCESS;
}
static int body_thermal_settings(struct call *c, u32 sensor, nvmlGpuThermalSettings_t *settings) {
  i32 now = 0, most = 0;
  if (!settings) return INVALID_ARGUMENT;
  if (sensor != 0 && sensor != 15) return INVALID_ARGUMENT;
  READ(c) { now = r->temperature; most = (i32)r->thresholds[0]; }
  memset(settings, 0, sizeof *settings);
  settings->count = 1;
  settings->sensor[0].controller = 1;
  settings->sensor[0].defaultMaxTemp = most;
  settings->sensor[0].currentTemp = now;
  settings->sensor[0].target = 1;
  return SUCCESS;
}
static int body_dynamic_states(struct call *c, nvmlGpuDynamicPstatesInfo_t *info) {
  u32 load[3] = {0, 0, 0};
  if (!info) return INVALID_ARGUMENT;
  READ(c) { load[0] = r->load[0], load[1] = r->load[1], load[2] = r->engine_load[0]; }
  memset(info, 0, sizeof *info);
  for (u32 i = 0; i < 3; i++) {
    info->utilization[i].bIsPresent = 1;
    info->utilization[i].percentage = load[i];
  }
  return SUCCESS;
}
static int body_violation_status(struct call *c, u32 policy, nvmlViolationTime_t *time) {
  u64 power = 0, thermal = 0;
  if (!time || policy > 11 || (policy > 5 && policy < 10)) return INVALID_ARGUMENT;
  READ(c) { power = r->violations[0], thermal = r->violations[1]; }
  time->referenceTime = unix_us();
  time->violationTime = policy == 0 ? power : policy == 1 ? thermal : 0;
  return SUCCESS;
}
/* The buffer of samples holds the value of now only. */
static int body_samples(struct call *c, u32 type, u64 since, u32 *value_type, u32 *count, nvmlSample_t *samples) {
  u32 value = ABSENT_32;
  if (!value_type || !count || type > 10) return INVALID_ARGUMENT;
  READ(c) {
    value = type == 0 ? r->power_usage : type == 1 ? r->load[0] : type == 2 ? r->load[1]
          : type == 3 ? r->engine_load[0] : type == 4 ? r->engine_load[1]
          : type == 5 ? r->clocks[1] : type == 6 ? r->clocks[2]
          : type == 9 ? r->engine_load[2] : type == 10 ? r->engine_load[3] : ABSENT_32;
    if (type <= 4 && type && r->mig_supported && r->mig_mode == 1) value = ABSENT_32;
  }
  if (value == ABSENT_32) return NOT_SUPPORTED;
  u64 now = unix_us();
  if (since >= now) return NOT_FOUND;
  *value_type = 1;
  if (!samples) { *count = 1; return SUCCESS; }
  if (!*count) return INVALID_ARGUMENT;
  *count = 1;
  memset(&samples[0], 0, sizeof samples[0]);
  samples[0].timeStamp = now;
  samples[0].sampleValue.uiVal = value;
  return SUCCESS;
}
