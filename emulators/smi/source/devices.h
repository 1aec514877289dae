/* The GPUs that a command is about, and how it ends when something is refused. */
struct gpu {
  handle device;
  u32 index;
  char bus_id[32], uuid[96];
};
/* A value to be shown; `known` is not set where the GPU does not have it. */
struct cell { char text[512]; };

enum { MOST_GPUS = 64 };
static struct gpu gpus[MOST_GPUS];
static u32 gpus_count;
/* The sub-command or the first flag. */
static const char *called_as = "";

static void complain(int code) {
  if (code == DRIVER_NOT_LOADED) print("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n");
  else print("Failed to initialize NVML: %s\n", error_text(code));
}
/* nvidia-smi ends with NVML's code; those beyond the documented ones are told as they are. */
static int exit_code(int code) { return code < 0 || code > 254 ? 255 : code; }

static void begin(void) {
  if (!load_library()) {
    print("NVIDIA-SMI couldn't find libnvidia-ml.so library in your system.\n");
    leave(12);
  }
  bind_functions();
  int result = announce(called_as);
  if (result) {
    print("NVIDIA-SMI has failed: %s\n", error_text(result));
    leave(exit_code(result));
  }
  result = CALL(nvmlInit_v2);
  if (result) {
    complain(result);
    leave(exit_code(result));
  }
}
static int fill(struct gpu *g, u32 index) {
  nvmlPciInfo_t pci;
  g->index = index;
  int result = CALL(nvmlDeviceGetHandleByIndex_v2, index, &g->device);
  if (result) {
    print("Unable to determine the device handle for GPU%u: %s\n", index, error_text(result));
    return result;
  }
  g->uuid[0] = g->bus_id[0] = 0;
  CALL(nvmlDeviceGetUUID, g->device, g->uuid, sizeof g->uuid);
  if (!CALL(nvmlDeviceGetPciInfo_v3, g->device, &pci)) memcpy(g->bus_id, pci.busId, sizeof g->bus_id);
  return 0;
}
/* Whether `name` means the GPU: an index, a UUID, or a bus id of any width. */
static int is_meant(struct gpu *g, const char *name) {
  u32 index;
  if (number_in(name, &index)) return index == g->index;
  if (same_but_case(name, g->uuid) || same_but_case(name, g->bus_id)) return 1;
  const char *bus = g->bus_id;
  while (*bus == '0') bus++;
  if (*bus == ':') bus++;
  while (*name == '0') name++;
  if (*name == ':') name++;
  return *bus && same_but_case(name, bus);
}
/* Chooses the GPUs of a list of indices, UUIDs and bus ids; all without a list. */
static void choose(const char *list) {
  u32 count = 0;
  int failed = 0;
  int result = CALL(nvmlDeviceGetCount_v2, &count);
  if (result) {
    complain(result);
    leave(exit_code(result));
  }
  for (u32 i = 0; i < count && gpus_count < MOST_GPUS; i++) {
    struct gpu one;
    int lost = fill(&one, i);
    if (lost) failed = lost;
    else if (!list) gpus[gpus_count++] = one;
    else
      for (const char *rest = list; rest;) {
        char name[128];
        rest = next_word(rest, ",", name, sizeof name);
        if (!is_meant(&one, name)) continue;
        gpus[gpus_count++] = one;
        break;
      }
  }
  if (gpus_count) return;
  if (!failed) print("No devices were found\n");
  leave(failed ? exit_code(failed) : 6);
}
#define EACH_GPU(g) for (struct gpu *g = gpus; g < gpus + gpus_count; g++)
