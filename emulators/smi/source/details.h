/* -q: everything about each GPU, as indented lines, from the fields that --query-gpu has. */
static void detail(u32 indent, const char *label, const char *value) {
  for (u32 i = 0; i < indent; i++) put(' ');
  print("%-*s: %s\n", 42 - indent, label, value);
}
/* A detail's value with its unit, or why there is none; an `x` is written without a space. */
static void read_detail(struct gpu *g, u32 which, struct cell *to) {
  const struct field *field = field_named(details[which].field);
  const char *unit = *details[which].unit ? details[which].unit : field->unit;
  int result = field->read(g, to);
  u32 used = length_of(to->text);
  if (result) write_text(to->text, sizeof to->text, "%s", result == NOT_SUPPORTED ? "N/A" : absence(result));
  else if (*unit) write_text(to->text + used, (u32)sizeof to->text - used, "%s%s", same(unit, "x") ? "" : " ", unit);
}
static void mig_details(struct gpu *g) {
  char text[96];
  for (u32 i = 0, most = most_mig_devices(g); i < most; i++) {
    handle mig;
    u32 gi = 0, ci = 0;
    if (CALL(nvmlDeviceGetMigDeviceHandleByIndex, g->device, i, &mig)) continue;
    CALL(nvmlDeviceGetGpuInstanceId, mig, &gi);
    CALL(nvmlDeviceGetComputeInstanceId, mig, &ci);
    print("    MIG Device\n");
    write_text(text, sizeof text, "%u", i);
    detail(8, "Index", text);
    write_text(text, sizeof text, "%u", gi);
    detail(8, "GPU Instance ID", text);
    write_text(text, sizeof text, "%u", ci);
    detail(8, "Compute Instance ID", text);
    if (!CALL(nvmlDeviceGetUUID, mig, text, sizeof text)) detail(8, "UUID", text);
  }
}
static void process_details(struct gpu *g) {
  u32 count = read_processes(g, 0);
  char text[256];
  if (!count) {
    detail(4, "Processes", "None");
    return;
  }
  print("    Processes\n");
  for (u32 i = 0; i < count; i++) {
    write_text(text, sizeof text, "%u", processes[i].pid);
    detail(8, "Process ID", text);
    detail(12, "Type", "C");
    write_text(text, sizeof text, "[Not Found]");
    CALL(nvmlSystemGetProcessName, processes[i].pid, text, sizeof text);
    detail(12, "Name", text);
    write_text(text, sizeof text, "%l MiB", processes[i].usedGpuMemory >> 20);
    detail(12, "Used GPU Memory", text);
  }
}
static int show_details(void) {
  char text[80] = "N/A";
  print("\n==============NVSMI LOG==============\n\n");
  write_date(text, sizeof text);
  detail(0, "Timestamp", text);
  CALL(nvmlSystemGetDriverVersion, text, sizeof text);
  detail(0, "Driver Version", text);
  cuda_version(text, sizeof text);
  detail(0, "CUDA Version", text);
  print("\n");
  write_text(text, sizeof text, "%u", gpus_count);
  detail(0, "Attached GPUs", text);
  EACH_GPU(g) {
    const char *heading = "";
    print("GPU %s\n", g->bus_id);
    for (u32 i = 0; i < COUNT_OF(details); i++) {
      struct cell value;
      if (*details[i].heading && !same(heading, details[i].heading)) print("    %s\n", details[i].heading);
      heading = details[i].heading;
      read_detail(g, i, &value);
      detail(*heading ? 8 : 4, details[i].label, value.text);
    }
    mig_details(g);
    process_details(g);
    print("\n");
  }
  return 0;
}
