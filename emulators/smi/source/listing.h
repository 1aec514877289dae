/* -L, --version, and the table that the program shows without options. */
static const char *text_of(int (*read)(handle, char *, u32), struct gpu *g, char *to, u32 size) {
  int result = read ? read(g->device, to, size) : FUNCTION_NOT_FOUND;
  if (result) write_text(to, size, "%s", result == NOT_SUPPORTED ? "N/A" : error_text(result));
  return to;
}
/* The profile's name is the last word of a MIG device's name. */
static const char *profile_of(handle mig, char *name, u32 size) {
  if (CALL(nvmlDeviceGetName, mig, name, size)) return "?";
  const char *last = name;
  for (const char *c = name; *c; c++)
    if (*c == ' ') last = c + 1;
  return last;
}
static int is_mig(struct gpu *g) {
  u32 now = 0, pending = 0;
  return !CALL(nvmlDeviceGetMigMode, g->device, &now, &pending) && now == 1;
}
static u32 most_mig_devices(struct gpu *g) {
  u32 most = 0;
  return is_mig(g) && !CALL(nvmlDeviceGetMaxMigDeviceCount, g->device, &most) ? most : 0;
}
static int list_gpus(void) {
  char name[96], uuid[96];
  EACH_GPU(g) {
    print("GPU %u: %s (UUID: %s)\n", g->index, text_of(api.nvmlDeviceGetName, g, name, sizeof name), g->uuid);
    for (u32 i = 0, most = most_mig_devices(g); i < most; i++) {
      handle mig;
      if (CALL(nvmlDeviceGetMigDeviceHandleByIndex, g->device, i, &mig)) continue;
      if (CALL(nvmlDeviceGetUUID, mig, uuid, sizeof uuid)) continue;
      print("  MIG %-12sDevice %2u: (UUID: %s)\n", profile_of(mig, name, sizeof name), i, uuid);
    }
  }
  return 0;
}
static void cuda_version(char *to, u32 size) {
  i32 version = 0;
  if (CALL(nvmlSystemGetCudaDriverVersion_v2, &version)) write_text(to, size, "N/A");
  else write_text(to, size, "%d.%d", version / 1000, version % 1000 / 10);
}
static int show_version(void) {
  char driver[80] = "N/A", nvml[80] = "N/A", cuda[32];
  CALL(nvmlSystemGetDriverVersion, driver, sizeof driver);
  CALL(nvmlSystemGetNVMLVersion, nvml, sizeof nvml);
  cuda_version(cuda, sizeof cuda);
  /* "13.580.95.05" is told as branch and release, 580.95. */
  const char *release = nvml;
  while (*release && *release != '.') release++;
  u32 dots = 0, end = 0;
  for (release += *release == '.'; release[end] && dots < 2; end++) dots += release[end] == '.';
  if (dots == 2) end--;
  print("NVIDIA-SMI version  : %s\nNVML version        : %.32s\n", driver, (nvml[(release - nvml) + end] = 0, release));
  print("DRIVER version      : %s\nCUDA Version        : %s\n", driver, cuda);
  return 0;
}

static void line(const char *pattern) { print("|%s|\n", pattern); }
static void rule(char end) {
  char a[42], b[25], c[23];
  for (u32 i = 0; i < 41; i++) a[i] = end;
  for (u32 i = 0; i < 24; i++) b[i] = end;
  for (u32 i = 0; i < 22; i++) c[i] = end;
  a[41] = b[24] = c[22] = 0;
  if (end == '=') print("|%s+%s+%s|\n", a, b, c);
  else print("+%s+%s+%s+\n", a, b, c);
}
static void wide(char end) {
  put(end == '=' ? '|' : '+');
  for (u32 i = 0; i < 89; i++) put(end);
  print("%s\n", end == '=' ? "|" : "+");
}
static void gpu_rows(struct gpu *g) {
  char name[96], left[64], middle[64], right[64], fan[8] = "N/A", temperature[8] = "N/A", text[16] = "N/A";
  char power[32] = "N/A", limit[16] = "N/A", load[8] = "N/A", memory[48] = "N/A";
  u32 value = 0, pending = 0;
  u64 errors = 0;
  nvmlMemory_v2_t m = {.version = nvmlMemory_v2};
  nvmlUtilization_t use;
  int on = !CALL(nvmlDeviceGetPersistenceMode, g->device, &value) && value;
  text_of(api.nvmlDeviceGetName, g, name, sizeof name);
  u32 cut = length_of(name) > 27 ? 24 : 27;
  write_text(left, sizeof left, " %3u  %-*.*s%s%6s  ", g->index, cut, cut, name, cut < 27 ? "..." : "", on ? "On" : "Off");
  int display = !CALL(nvmlDeviceGetDisplayActive, g->device, &value) && value;
  write_text(middle, sizeof middle, "   %-16s %s ", g->bus_id, display ? " On" : "Off");
  if (!CALL(nvmlDeviceGetTotalEccErrors, g->device, 1, 0, &errors)) write_text(text, sizeof text, "%l", errors);
  if (is_mig(g)) write_text(text, sizeof text, "On");
  write_text(right, sizeof right, "%20s ", text);
  print("|%-41s|%-24s|%22s|\n", left, middle, right);
  if (!CALL(nvmlDeviceGetFanSpeed, g->device, &value)) write_text(fan, sizeof fan, "%u%%", value);
  if (!CALL(nvmlDeviceGetTemperature, g->device, 0, &value)) write_text(temperature, sizeof temperature, "%uC", value);
  write_text(text, sizeof text, "N/A");
  if (!CALL(nvmlDeviceGetPerformanceState, g->device, &value)) write_text(text, sizeof text, "P%u", value);
  if (!CALL(nvmlDeviceGetPowerUsage, g->device, &value)) write_text(power, sizeof power, "%uW", (value + 500) / 1000);
  if (!CALL(nvmlDeviceGetEnforcedPowerLimit, g->device, &value)) write_text(limit, sizeof limit, "%uW", (value + 500) / 1000);
  write_text(left, sizeof left, " %-3s  %4s    %-4s%14s / %5s ", fan, temperature, text, power, limit);
  if (!CALL(nvmlDeviceGetMemoryInfo_v2, g->device, &m)) write_text(memory, sizeof memory, "%8lMiB / %6lMiB", m.used >> 20, m.total >> 20);
  write_text(middle, sizeof middle, "%23s ", memory);
  if (!is_mig(g) && !CALL(nvmlDeviceGetUtilizationRates, g->device, &use)) write_text(load, sizeof load, "%u%%", use.gpu);
  value = 0;
  int moded = !CALL(nvmlDeviceGetComputeMode, g->device, &value);
  static const char *const modes[] = {"Default", "E. Thread", "Prohibited", "E. Process"};
  write_text(right, sizeof right, "%8s%13s ", load, moded ? modes[value & 3] : "N/A");
  print("|%-41s|%24s|%22s|\n", left, middle, right);
  int mig = CALL(nvmlDeviceGetMigMode, g->device, &value, &pending);
  write_text(right, sizeof right, "%20s ", mig ? "N/A" : value == pending ? value ? "Enabled" : "Disabled" : value ? "Enabled*" : "Disabled*");
  print("|%41s|%24s|%22s|\n", "", "", right);
  rule('-');
}
static void mig_rows(void) {
  u32 any = 0;
  EACH_GPU(g) any += (u32)is_mig(g);
  if (!any) return;
  print("\n");
  wide('-');
  print("| %-87s |\n", "MIG devices:");
  print("+------------------+----------------------------------+-----------+-----------------------+\n");
  print("| %-16s | %32s | %9s | %21s |\n", "GPU  GI  CI  MIG", "Memory-Usage", "SM  Unc.", "Shared      ");
  print("| %-16s | %32s | %9s | %21s |\n", "     ID  ID  Dev", "BAR1-Usage", "ECC", "CE ENC  DEC  OFA  JPG");
  print("|==================+==================================+===========+=======================|\n");
  EACH_GPU(g)
    for (u32 i = 0, most = most_mig_devices(g); i < most; i++) {
      handle mig;
      u32 gi = 0, ci = 0;
      nvmlDeviceAttributes_t a;
      nvmlMemory_t m = {0, 0, 0};
      nvmlBAR1Memory_t window = {0, 0, 0};
      char memory[48];
      if (CALL(nvmlDeviceGetMigDeviceHandleByIndex, g->device, i, &mig)) continue;
      if (CALL(nvmlDeviceGetAttributes_v2, mig, &a)) continue;
      CALL(nvmlDeviceGetGpuInstanceId, mig, &gi);
      CALL(nvmlDeviceGetComputeInstanceId, mig, &ci);
      CALL(nvmlDeviceGetMemoryInfo, mig, &m);
      write_text(memory, sizeof memory, "%lMiB / %lMiB", m.used >> 20, a.memorySizeMB);
      print("| %3u %3u %3u %4u | %32s | %4u    0 | %2u %3u %4u %4u %4u |\n", g->index, gi, ci, i, memory,
            a.multiprocessorCount, a.sharedCopyEngineCount, a.sharedEncoderCount, a.sharedDecoderCount, a.sharedOfaCount, a.sharedJpegCount);
      if (!CALL(nvmlDeviceGetBAR1MemoryInfo, mig, &window)) {
        write_text(memory, sizeof memory, "%lMiB / %lMiB", window.bar1Used >> 20, window.bar1Total >> 20);
        print("| %-16s | %32s | %9s | %21s |\n", "", memory, "", "");
      }
      print("+------------------+----------------------------------+-----------+-----------------------+\n");
    }
}
static void process_rows(void) {
  u32 shown = 0;
  print("\n");
  wide('-');
  line(" Processes:                                                                              ");
  line("  GPU   GI   CI              PID   Type   Process name                        GPU Memory ");
  line("        ID   ID                                                               Usage      ");
  wide('=');
  EACH_GPU(g)
    for (int graphics = 0; graphics < 2; graphics++) {
      u32 count = read_processes(g, graphics);
      for (u32 i = 0; i < count; i++, shown++) {
        char gi[8] = "N/A", ci[8] = "N/A", name[256] = "[Not Found]", memory[24] = "N/A";
        const nvmlProcessInfo_v2_t *p = &processes[i];
        if (p->gpuInstanceId != NONE) write_text(gi, sizeof gi, "%u", p->gpuInstanceId);
        if (p->computeInstanceId != NONE) write_text(ci, sizeof ci, "%u", p->computeInstanceId);
        CALL(nvmlSystemGetProcessName, p->pid, name, sizeof name);
        if (p->usedGpuMemory != ~0ull) write_text(memory, sizeof memory, "%lMiB", p->usedGpuMemory >> 20);
        print("|%5u %4s %4s %16u %6s   %-30.30s %14s |\n", g->index, gi, ci, p->pid, graphics ? "G" : "C", name, memory);
      }
    }
  if (!shown) line("  No running processes found                                                             ");
  wide('-');
}
static int show_table(void) {
  char driver[80] = "N/A", cuda[32], now[64];
  CALL(nvmlSystemGetDriverVersion, driver, sizeof driver);
  cuda_version(cuda, sizeof cuda);
  write_date(now, sizeof now);
  print("%s\n", now);
  wide('-');
  print("| NVIDIA-SMI %-22s Driver Version: %-14s CUDA Version: %-8s |\n", driver, driver, cuda);
  rule('-');
  print("|%-41s|%-24s|%-22s|\n", " GPU  Name                 Persistence-M", " Bus-Id          Disp.A", " Volatile Uncorr. ECC");
  print("|%-41s|%-24s|%-22s|\n", " Fan  Temp   Perf          Pwr:Usage/Cap", "           Memory-Usage", " GPU-Util  Compute M.");
  print("|%-41s|%-24s|%22s|\n", "", "", "MIG M. ");
  rule('=');
  EACH_GPU(g) gpu_rows(g);
  mig_rows();
  process_rows();
  return 0;
}
