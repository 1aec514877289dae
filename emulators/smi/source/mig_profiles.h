/* What all of `nvidia-smi mig` needs: profiles, instances, and which of them are meant. */
struct mig_options { const char *gpus, *gis, *cis, *create, *compute; int with_compute; };

/* More than nvml.h has, for the profiles of later drivers. */
enum { GPU_PROFILES = 32, COMPUTE_PROFILES = 9, MOST_INSTANCES = 64 };

/* Gives a profile in the form that has its name; 0 where the GPU does not offer it. */
static int gpu_profile(struct gpu *g, u32 profile, nvmlGpuInstanceProfileInfo_v2_t *to) {
  to->version = nvmlGpuInstanceProfileInfo_v2;
  return !CALL(nvmlDeviceGetGpuInstanceProfileInfoV, g->device, profile, to);
}
static int compute_profile(handle gi, u32 profile, nvmlComputeInstanceProfileInfo_v2_t *to) {
  to->version = nvmlComputeInstanceProfileInfo_v2;
  return !CALL(nvmlGpuInstanceGetComputeInstanceProfileInfoV, gi, profile, 0, to);
}
static nvmlGpuInstanceProfileInfo_v2_t profiles[GPU_PROFILES];
/* Gives the profiles of a GPU as the real program orders them: by slices, then by memory. */
static u32 gpu_profiles(struct gpu *g, nvmlGpuInstanceProfileInfo_v2_t *to) {
  u32 count = 0;
  for (u32 i = 0; i < GPU_PROFILES; i++) {
    nvmlGpuInstanceProfileInfo_v2_t p;
    if (!gpu_profile(g, i, &p)) continue;
    u32 at = count++;
    for (; at; at--) {
      const nvmlGpuInstanceProfileInfo_v2_t *before = &to[at - 1];
      if (before->sliceCount < p.sliceCount) break;
      if (before->sliceCount == p.sliceCount && before->memorySizeMB <= p.memorySizeMB) break;
      to[at] = *before;
    }
    to[at] = p;
  }
  return count;
}
static int gpu_profile_by_id(struct gpu *g, u32 id, nvmlGpuInstanceProfileInfo_v2_t *to) {
  for (u32 i = 0; i < GPU_PROFILES; i++)
    if (gpu_profile(g, i, to) && to->id == id) return 1;
  return 0;
}
/* Profile names may begin with the word MIG. */
static const char *bare(const char *name) {
  const char *rest = after(name, "MIG ");
  return rest ? rest : name;
}
static u32 instances_of(struct gpu *g, u32 id, handle *to) {
  u32 count = MOST_INSTANCES;
  return CALL(nvmlDeviceGetGpuInstances, g->device, id, to, &count) ? 0 : count;
}
static u32 compute_instances_of(handle gi, u32 id, handle *to) {
  u32 count = MOST_INSTANCES;
  return CALL(nvmlGpuInstanceGetComputeInstances, gi, id, to, &count) ? 0 : count;
}
static int is_listed(const char *list, u32 number) {
  if (!list) return 1;
  for (const char *rest = list; rest;) {
    char word[16];
    u32 one;
    rest = next_word(rest, ",", word, sizeof word);
    if (number_in(word, &one) && one == number) return 1;
  }
  return 0;
}
static void frame(u32 width, char with, char end) {
  put(end);
  for (u32 i = 0; i < width; i++) put(with);
  put(end);
  put('\n');
}
static int none_found(const char *what, int code) {
  print("No %s found: %s\n", what, error_text(code));
  return exit_code(code);
}
/* Keeps the GPUs that are in MIG mode, or can be. */
static void keep_mig(int enabled) {
  u32 kept = 0;
  for (u32 i = 0; i < gpus_count; i++) {
    u32 now = 0, pending = 0;
    int result = CALL(nvmlDeviceGetMigMode, gpus[i].device, &now, &pending);
    if (!result && (now || !enabled)) gpus[kept++] = gpus[i];
  }
  gpus_count = kept;
  if (kept) return;
  print(enabled ? "No MIG-enabled devices found.\n" : "No MIG-supported devices found.\n");
  leave(6);
}
/* Does something with each GPU instance that is listed; gives how many there were. */
typedef int (*visit)(struct gpu *, handle, nvmlGpuInstanceInfo_t *, const char *name, struct mig_options *);
static u32 visit_gpu_instances(struct mig_options *o, visit what, int *result) {
  u32 found = 0;
  EACH_GPU(g)
    for (u32 i = 0, known = gpu_profiles(g, profiles); i < known; i++) {
      const nvmlGpuInstanceProfileInfo_v2_t *p = &profiles[i];
      handle all[MOST_INSTANCES];
      u32 count = instances_of(g, p->id, all);
      for (u32 k = 0; k < count; k++) {
        nvmlGpuInstanceInfo_t info;
        if (CALL(nvmlGpuInstanceGetInfo, all[k], &info) || !is_listed(o->gis, info.id)) continue;
        found++;
        int one = what(g, all[k], &info, bare(p->name), o);
        if (one && !*result) *result = one;
      }
    }
  return found;
}
