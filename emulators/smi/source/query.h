/* --query-gpu and --query-compute-apps: chosen values as comma-separated lines. */
static void plain(struct cell *to, u64 value) { write_text(to->text, sizeof to->text, "%l", value); }
static void show_watts(struct cell *to, u64 value) {
  write_text(to->text, sizeof to->text, "%l.%02u", value / 1000, (u32)(value % 1000 / 10));
}
static void show_enabled(struct cell *to, u64 value) { write_text(to->text, sizeof to->text, "%s", value ? "Enabled" : "Disabled"); }
static void show_pstate(struct cell *to, u64 value) { write_text(to->text, sizeof to->text, "P%l", value); }
static const char *const compute_modes[] = {"Default", "Exclusive_Thread", "Prohibited", "Exclusive_Process"};
static void show_compute_mode(struct cell *to, u64 value) {
  write_text(to->text, sizeof to->text, "%s", compute_modes[value & 3]);
}
static void show_hex(struct cell *to, u64 value, u32 digits) {
  write_text(to->text, sizeof to->text, "0x");
  for (u32 i = 0; i < digits; i++) to->text[2 + i] = "0123456789ABCDEF"[value >> 4 * (digits - 1 - i) & 15];
  to->text[2 + digits] = 0;
}
static void show_bit(struct cell *to, u64 value, u32 bit) {
  write_text(to->text, sizeof to->text, "%s", value >> bit & 1 ? "Active" : "Not Active");
}
static int field_driver_version(struct gpu *g, struct cell *to) {
  (void)g;
  return CALL(nvmlSystemGetDriverVersion, to->text, 80);
}
static int field_index(struct gpu *g, struct cell *to) {
  plain(to, g->index);
  return 0;
}
static int field_count(struct gpu *g, struct cell *to) {
  (void)g;
  u32 count = 0;
  int result = CALL(nvmlDeviceGetCount_v2, &count);
  plain(to, count);
  return result;
}
static int field_compute_cap(struct gpu *g, struct cell *to) {
  i32 major = 0, minor = 0;
  int result = CALL(nvmlDeviceGetCudaComputeCapability, g->device, &major, &minor);
  write_text(to->text, sizeof to->text, "%d.%d", major, minor);
  return result;
}
/* UTC, since a program without a C library knows no time zones. */
struct moment { u32 year, month, day, weekday, hour, minute, second, milli; };
static struct moment this_moment(void) {
  i64 now[2] = {0, 0};
  kernel(SYS_clock_gettime, 0, (long)now, 0, 0, 0, 0);
  u64 seconds = (u64)now[0] % 86400, epoch_day = (u64)now[0] / 86400, days = epoch_day + 719468;
  u64 era = days / 146097, of_era = days % 146097;
  u64 year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  u64 of_year = of_era - (365 * year + year / 4 - year / 100), m = (5 * of_year + 2) / 153;
  u32 day = (u32)(of_year - (153 * m + 2) / 5 + 1), month = (u32)(m < 10 ? m + 3 : m - 9);
  year += era * 400 + (month <= 2);
  /* 1 January 1970 was a Thursday. */
  return (struct moment){(u32)year, month, day, (u32)((epoch_day + 4) % 7), (u32)(seconds / 3600), (u32)(seconds / 60 % 60), (u32)(seconds % 60), (u32)(now[1] / 1000000)};
}
/* As asctime of C: so nvidia-smi tells the time everywhere but in --query-gpu. */
static void write_date(char *to, u32 size) {
  static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  struct moment t = this_moment();
  write_text(to, size, "%s %s %2u %02u:%02u:%02u %u", days[t.weekday], months[t.month - 1], t.day, t.hour, t.minute, t.second, t.year);
}
static int field_timestamp(struct gpu *g, struct cell *to) {
  (void)g;
  struct moment t = this_moment();
  write_text(to->text, sizeof to->text, "%04u/%02u/%02u %02u:%02u:%02u.%03u", t.year, t.month, t.day, t.hour, t.minute, t.second, t.milli);
  return 0;
}
