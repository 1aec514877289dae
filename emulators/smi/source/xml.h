/* -q -x: the same as XML, in the elements that the real program has. */
static void element(u32 depth, const char *tag, const char *text) {
  for (u32 i = 0; i < depth; i++) put('\t');
  print("<%s>", tag);
  for (; *text; text++) {
    if (*text == '<') print("&lt;");
    else if (*text == '>') print("&gt;");
    else if (*text == '&') print("&amp;");
    else put(*text);
  }
  print("</%s>\n", tag);
}
static void element_number(u32 depth, const char *tag, u32 value) {
  char text[16] = "N/A";
  if (value != NONE) write_text(text, sizeof text, "%u", value);
  element(depth, tag, text);
}
static void element_mib(u32 depth, const char *tag, u64 bytes) {
  char text[24];
  write_text(text, sizeof text, "%l MiB", bytes >> 20);
  element(depth, tag, text);
}
static void xml_mig_memory(handle mig) {
  nvmlMemory_v2_t memory = {.version = nvmlMemory_v2};
  nvmlBAR1Memory_t window;
  u64 errors = 0;
  if (!CALL(nvmlDeviceGetMemoryErrorCounter, mig, 1, 0, 7, &errors)) {
    print("\t\t\t\t<ecc_error_count>\n\t\t\t\t\t<volatile_count>\n");
    element_number(6, "sram_uncorrectable", (u32)errors);
    print("\t\t\t\t\t</volatile_count>\n\t\t\t\t</ecc_error_count>\n");
  }
  if (!CALL(nvmlDeviceGetMemoryInfo_v2, mig, &memory)) {
    print("\t\t\t\t<fb_memory_usage>\n");
    element_mib(5, "total", memory.total);
    element_mib(5, "reserved", memory.reserved);
    element_mib(5, "used", memory.used);
    element_mib(5, "free", memory.free);
    print("\t\t\t\t</fb_memory_usage>\n");
  }
  if (!CALL(nvmlDeviceGetBAR1MemoryInfo, mig, &window)) {
    print("\t\t\t\t<bar1_memory_usage>\n");
    element_mib(5, "total", window.bar1Total);
    element_mib(5, "used", window.bar1Used);
    element_mib(5, "free", window.bar1Free);
    print("\t\t\t\t</bar1_memory_usage>\n");
  }
}
static void xml_mig_devices(struct gpu *g) {
  u32 shown = 0, most = most_mig_devices(g);
  char text[96];
  for (u32 i = 0; i < most; i++) {
    handle mig;
    u32 gi = NONE, ci = NONE;
    nvmlDeviceAttributes_t a;
    if (CALL(nvmlDeviceGetMigDeviceHandleByIndex, g->device, i, &mig)) continue;
    if (CALL(nvmlDeviceGetAttributes_v2, mig, &a) || CALL(nvmlDeviceGetUUID, mig, text, sizeof text)) continue;
    CALL(nvmlDeviceGetGpuInstanceId, mig, &gi);
    CALL(nvmlDeviceGetComputeInstanceId, mig, &ci);
    if (!shown++) print("\t\t<mig_devices>\n");
    print("\t\t\t<mig_device>\n");
    element_number(4, "index", i);
    element_number(4, "gpu_instance_id", gi);
    element_number(4, "compute_instance_id", ci);
    element(4, "uuid", text);
    print("\t\t\t\t<device_attributes>\n\t\t\t\t\t<shared>\n");
    element_number(6, "multiprocessor_count", a.multiprocessorCount);
    element_number(6, "copy_engine_count", a.sharedCopyEngineCount);
    element_number(6, "encoder_count", a.sharedEncoderCount);
    element_number(6, "decoder_count", a.sharedDecoderCount);
    element_number(6, "ofa_count", a.sharedOfaCount);
    element_number(6, "jpg_count", a.sharedJpegCount);
    print("\t\t\t\t\t</shared>\n\t\t\t\t</device_attributes>\n");
    xml_mig_memory(mig);
    print("\t\t\t</mig_device>\n");
  }
  if (shown) print("\t\t</mig_devices>\n");
  else element(2, "mig_devices", "None");
}
static void xml_processes(struct gpu *g) {
  char text[256];
  print("\t\t<processes>\n");
  for (int graphics = 0; graphics < 2; graphics++)
    for (u32 i = 0, count = read_processes(g, graphics); i < count; i++) {
      const nvmlProcessInfo_v2_t *p = &processes[i];
      print("\t\t\t<process_info>\n");
      element_number(4, "gpu_instance_id", p->gpuInstanceId);
      element_number(4, "compute_instance_id", p->computeInstanceId);
      element_number(4, "pid", p->pid);
      element(4, "type", graphics ? "G" : "C");
      write_text(text, sizeof text, "[Not Found]");
      CALL(nvmlSystemGetProcessName, p->pid, text, sizeof text);
      element(4, "process_name", text);
      write_text(text, sizeof text, "%l MiB", p->usedGpuMemory >> 20);
      element(4, "used_memory", p->usedGpuMemory == ~0ull ? "N/A" : text);
      print("\t\t\t</process_info>\n");
    }
  print("\t\t</processes>\n");
}
/* Closes and opens elements until those of `path`, which are parted by slashes, are open. */
static void open_elements(char *open, u32 size, const char *path) {
  u32 common = 0, depth = 2;
  for (u32 i = 0; open[i] && open[i] == path[i]; i++)
    if (open[i] == '/') common = i + 1;
  for (u32 end = length_of(open); end > common;) {
    u32 start = --end;
    while (start > common && open[start - 1] != '/') start--;
    u32 tabs = 2;
    for (u32 i = 0; i < start; i++) tabs += open[i] == '/';
    while (tabs--) put('\t');
    print("</%.*s>\n", end - start, open + start);
    end = start;
  }
  for (u32 i = 0; i < common; i++) depth += path[i] == '/';
  for (u32 start = common; path[start];) {
    u32 end = start;
    while (path[end] != '/') end++;
    for (u32 i = 0; i < depth; i++) put('\t');
    print("<%.*s>\n", end - start, path + start);
    start = end + 1, depth++;
  }
  write_text(open, size, "%s", path);
}
static void xml_gpu(struct gpu *g) {
  char open[160] = "", path[160];
  print("\t<gpu id=\"%s\">\n", g->bus_id);
  for (u32 i = 0; i < COUNT_OF(details); i++) {
    struct cell value;
    const char *tag = details[i].tag, *text = value.text;
    u32 depth = 2, at = 0;
    if (same(tag, "-")) continue;
    write_text(path, sizeof path, "%s%s%s", details[i].section, *details[i].section ? "/" : "", tag);
    for (u32 k = 0; path[k]; k++)
      if (path[k] == '/') at = k + 1, depth++;
    tag += length_of(tag) - (length_of(path) - at);
    path[at] = 0;
    open_elements(open, sizeof open, path);
    read_detail(g, i, &value);
    /* The numbers of PCI have no prefix here. */
    if (after(path, "pci/") && after(text, "0x")) text += 2;
    element(depth, tag, text);
  }
  open_elements(open, sizeof open, "");
  xml_mig_devices(g);
  xml_processes(g);
  print("\t</gpu>\n");
}
static int show_xml(void) {
  char text[80];
  print("<?xml version=\"1.0\" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM \"nvsmi_device_v12.dtd\">\n<nvidia_smi_log>\n");
  write_date(text, sizeof text);
  element(1, "timestamp", text);
  write_text(text, sizeof text, "N/A");
  CALL(nvmlSystemGetDriverVersion, text, sizeof text);
  element(1, "driver_version", text);
  cuda_version(text, sizeof text);
  element(1, "cuda_version", text);
  element_number(1, "attached_gpus", gpus_count);
  EACH_GPU(g) xml_gpu(g);
  print("</nvidia_smi_log>\n");
  return 0;
}
