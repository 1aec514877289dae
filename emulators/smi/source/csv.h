/* Comma-separated output: which columns, and how lines are made. */
struct csv { int header, units; };

static const char *absence(int code) {
  switch (code) {
    case NOT_SUPPORTED: case FUNCTION_NOT_FOUND: return "[N/A]";
    case NO_PERMISSION: return "[Insufficient Permissions]";
    case GPU_IS_LOST: return "[GPU is lost]";
    case RESET_REQUIRED: return "[GPU requires reset]";
  }
  return "[Unknown Error]";
}
static struct csv csv_of(const char *options) {
  struct csv how = {1, 1};
  char word[32];
  int csv = 0;
  for (const char *rest = options; rest;) {
    rest = next_word(rest, ",", word, sizeof word);
    if (same(word, "csv")) csv = 1;
    else if (same(word, "noheader")) how.header = 0;
    else if (same(word, "nounits")) how.units = 0;
    else {
      print("\"%s\" is not a recognized format option\n", word);
      leave(2);
    }
  }
  if (!csv) {
    print("--format has to be given, and \"csv\" has to be in it\n");
    leave(2);
  }
  return how;
}
static const struct field *field_named(const char *name) {
  for (u32 i = 0; i < COUNT_OF(fields); i++)
    if (same(fields[i].name, name)) return &fields[i];
  print("Field \"%s\" is not a valid field to query.\n", name);
  leave(2);
  return 0;
}
static int query_gpu(const char *names, struct csv how) {
  const struct field *chosen[256];
  u32 count = 0;
  for (const char *rest = names; rest && count < COUNT_OF(chosen);) {
    char name[96];
    rest = next_word(rest, ",", name, sizeof name);
    const char *trimmed = name;
    while (*trimmed == ' ') trimmed++;
    chosen[count++] = field_named(trimmed);
  }
  for (u32 i = 0; how.header && i < count; i++) {
    /* The header names the units also where the values come without. */
    int unit = *chosen[i]->unit != 0;
    print("%s%s%s%s%s", i ? ", " : "", chosen[i]->name, unit ? " [" : "", unit ? chosen[i]->unit : "", unit ? "]" : "");
  }
  if (how.header) print("\n");
  EACH_GPU(g) {
    for (u32 i = 0; i < count; i++) {
      struct cell value;
      value.text[0] = 0;
      int result = chosen[i]->read(g, &value), unit = !result && how.units && *chosen[i]->unit;
      print("%s%s%s%s", i ? ", " : "", result ? absence(result) : value.text, unit ? " " : "", unit ? chosen[i]->unit : "");
    }
    print("\n");
  }
  return 0;
}

enum { MOST_PROCESSES = 256 };
static nvmlProcessInfo_v2_t processes[MOST_PROCESSES];
static u32 read_processes(struct gpu *g, int graphics) {
  u32 count = MOST_PROCESSES;
  int result = graphics ? CALL(nvmlDeviceGetGraphicsRunningProcesses_v3, g->device, &count, processes)
                        : CALL(nvmlDeviceGetComputeRunningProcesses_v3, g->device, &count, processes);
  return result ? 0 : count;
}
static void app_column(struct gpu *g, const nvmlProcessInfo_v2_t *p, const char *name, struct csv how) {
  char text[256] = "[Not Found]";
  if (same(name, "pid")) print("%u", p->pid);
  else if (same(name, "gpu_uuid")) print("%s", g->uuid);
  else if (same(name, "gpu_bus_id")) print("%s", g->bus_id);
  else if (same(name, "gpu_name")) print("%s", CALL(nvmlDeviceGetName, g->device, text, sizeof text) ? "[N/A]" : text);
  else if (same(name, "gpu_serial")) print("%s", CALL(nvmlDeviceGetSerial, g->device, text, sizeof text) ? "[N/A]" : text);
  else if (same(name, "timestamp")) {
    struct cell now;
    field_timestamp(g, &now);
    print("%s", now.text);
  } else if (same(name, "process_name") || same(name, "name")) {
    CALL(nvmlSystemGetProcessName, p->pid, text, sizeof text);
    print("%s", text);
  } else if (same(name, "used_memory") || same(name, "used_gpu_memory")) {
    if (p->usedGpuMemory == ~0ull) print("[N/A]");
    else print("%l%s", p->usedGpuMemory >> 20, how.units ? " MiB" : "");
  }
}
static const char *const app_columns[] = {
  "pid", "gpu_uuid", "gpu_bus_id", "gpu_name", "gpu_serial", "timestamp", "process_name", "name", "used_memory", "used_gpu_memory",
};
static int query_apps(const char *names, struct csv how) {
  char list[32][32];
  u32 count = 0;
  for (const char *rest = names; rest && count < COUNT_OF(list);) {
    u32 known = 0;
    rest = next_word(rest, ", ", list[count], sizeof list[0]);
    if (!*list[count]) continue;
    for (u32 i = 0; i < COUNT_OF(app_columns); i++) known |= (u32)same(app_columns[i], list[count]);
    if (!known) {
      print("Field \"%s\" is not a valid field to query.\n", list[count]);
      return 2;
    }
    count++;
  }
  for (u32 i = 0; how.header && i < count; i++)
    print("%s%s%s", i ? ", " : "", list[i], contains(list[i], "memory") ? " [MiB]" : "");
  if (how.header) print("\n");
  EACH_GPU(g) {
    u32 running = read_processes(g, 0);
    for (u32 k = 0; k < running; k++) {
      for (u32 i = 0; i < count; i++) {
        if (i) print(", ");
        app_column(g, &processes[k], list[i], how);
      }
      print("\n");
    }
  }
  return 0;
}
