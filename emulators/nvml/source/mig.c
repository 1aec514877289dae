/* Partitions: their profiles, where they can be, which there are. The daemon makes them. */

/* Compute instances are of one engine profile: all share the engines of their GPU instance. */
enum { GPU_PROFILES = 18, COMPUTE_PROFILES = 9, P2P = 1, GRAPHICS_CAPABLE = 2 };

static int body_is_mig_handle(struct call *c, u32 *is) {
  if (!is) return INVALID_ARGUMENT;
  *is = c->kind == MIG;
  return SUCCESS;
}
static int body_own_gi(struct call *c, u32 *id) {
  if (!id) return INVALID_ARGUMENT;
  if (c->kind != MIG) return INVALID_ARGUMENT;
  *id = c->gi;
  return SUCCESS;
}
static int body_own_ci(struct call *c, u32 *id) {
  if (!id) return INVALID_ARGUMENT;
  if (c->kind != MIG) return INVALID_ARGUMENT;
  *id = c->ci;
  return SUCCESS;
}
static int body_parent_handle(struct call *c, handle *device) {
  if (!device || c->kind != MIG) return INVALID_ARGUMENT;
  *device = device_handle(c->record);
  return SUCCESS;
}
static int body_mig_by_index(struct call *c, u32 index, handle *device) {
  int result = SUCCESS;
  handle found = 0;
  if (!device) return INVALID_ARGUMENT;
  READ(c) {
    result = !r->mig_supported ? NOT_SUPPORTED : index >= r->mig_most ? INVALID_ARGUMENT : NOT_FOUND;
    if (r->mig_mode != 1) continue;
    if (result == NOT_FOUND && index < r->compute_instances_count && index < COUNT_OF(r->compute_instances)) {
      found = mig_handle(c->record, r->compute_instances[index].gi, r->compute_instances[index].id);
      result = SUCCESS;
    }
  }
  if (!result) *device = found;
  return result;
}

static const struct gpu_profile *profile_of(const struct gpu *r, u32 number, int by_id) {
  for (u32 i = 0; i < r->gpu_profiles_count && i < COUNT_OF(r->gpu_profiles); i++)
    if ((by_id ? r->gpu_profiles[i].id : r->gpu_profiles[i].profile) == number) return &r->gpu_profiles[i];
  return 0;
}
static const struct gpu_instance *gi_of(const struct gpu *r, u32 id) {
  for (u32 i = 0; i < r->gpu_instances_count && i < COUNT_OF(r->gpu_instances); i++)
    if (r->gpu_instances[i].id == id) return &r->gpu_instances[i];
  return 0;
}
static const struct compute_profile *compute_profile_of(const struct gpu_profile *p, u32 number) {
  for (u32 i = 0; p && i < p->computes_count && i < COUNT_OF(p->computes); i++)
    if (p->computes[i].profile == number) return &p->computes[i];
  return 0;
}

/* A GPU instance has the share of the window that its memory slices, of eight, are, less 1 MiB: as
   nvidia-smi shows 8191, 16383, 32767 and 65535 MiB where the whole window has 65536. */
static int body_bar1_info(struct call *c, nvmlBAR1Memory_t *bar1) {
  u64 total = 0, used = 0;
  int result = SUCCESS;
  if (!bar1) return INVALID_ARGUMENT;
  READ(c) {
    const struct gpu_instance *one = c->kind == MIG ? gi_of(r, c->gi) : 0;
    result = r->bar1_total >= ~0ull << 20 || (c->kind == MIG && !one) ? NOT_SUPPORTED : SUCCESS;
    total = one ? r->bar1_total / 8 * one->size - (1 << 20) : r->bar1_total;
    used = one ? 0 : r->bar1_used;
  }
  if (result) return result;
  bar1->bar1Total = total, bar1->bar1Used = used < total ? used : total;
  bar1->bar1Free = total - bar1->bar1Used;
  return SUCCESS;
}
static int body_attributes(struct call *c, nvmlDeviceAttributes_t *attributes) {
  nvmlDeviceAttributes_t found;
  int result = NOT_SUPPORTED;
  if (!attributes) return INVALID_ARGUMENT;
  /* nvml.h: only MIG devices have them. */
  if (c->kind != MIG) return NOT_SUPPORTED;
  memset(&found, 0, sizeof found);
  READ(c) {
    result = NOT_FOUND;
    for (u32 i = 0; i < r->compute_instances_count && i < COUNT_OF(r->compute_instances); i++) {
      const struct compute_instance *one = &r->compute_instances[i];
      const struct gpu_instance *inside = gi_of(r, c->gi);
      const struct gpu_profile *p = inside ? profile_of(r, inside->profile, 0) : 0;
      if (one->gi != c->gi || one->id != c->ci || !p) continue;
      found.multiprocessorCount = one->multiprocessors;
      found.sharedCopyEngineCount = p->copy_engines, found.sharedDecoderCount = p->decoders;
      found.sharedEncoderCount = p->encoders, found.sharedJpegCount = p->jpeg_engines, found.sharedOfaCount = p->flow_engines;
      found.gpuInstanceSliceCount = p->slices, found.computeInstanceSliceCount = one->slices;
      found.memorySizeMB = p->memory_mib;
      result = SUCCESS;
    }
  }
  if (!result) *attributes = found;
  return result;
}

/* What the driver offers of a profile, whether MIG is on or not. */
static int find_profile(struct call *c, u32 number, int by_id, struct gpu_profile *to) {
  int result = NOT_SUPPORTED;
  READ(c) {
    const struct gpu_profile *found = profile_of(r, number, by_id);
    if (found) *to = *found;
    result = found ? SUCCESS : !r->mig_supported ? NOT_SUPPORTED : by_id || number >= GPU_PROFILES ? INVALID_ARGUMENT : NOT_SUPPORTED;
  }
  return result;
}
static int body_gpu_profile(struct call *c, u32 profile, nvmlGpuInstanceProfileInfo_t *info) {
  struct gpu_profile p;
  if (!info) return INVALID_ARGUMENT;
  int result = find_profile(c, profile, 0, &p);
  if (result) return result;
  info->id = p.id, info->isP2pSupported = 0, info->sliceCount = p.slices;
  info->instanceCount = p.most, info->multiprocessorCount = p.multiprocessors;
  info->copyEngineCount = p.copy_engines, info->decoderCount = p.decoders, info->encoderCount = p.encoders;
  info->jpegCount = p.jpeg_engines, info->ofaCount = p.flow_engines, info->memorySizeMB = p.memory_mib;
  return SUCCESS;
}
static void product_name(char *to, const char *name) {
  u32 n = length_of(name);
  memset(to, 0, 96);
  memcpy(to, "MIG ", 4);
  memcpy(to + 4, name, n < 91 ? n : 91);
}
/* Writes version 2 or 3, whichever the caller declared. */
static int versioned_profile(struct call *c, u32 number, int by_id, void *info) {
  struct gpu_profile p;
  if (!info) return INVALID_ARGUMENT;
  u32 version = *(u32 *)info;
  if (version != nvmlGpuInstanceProfileInfo_v2 && version != nvmlGpuInstanceProfileInfo_v3) return ARGUMENT_VERSION_MISMATCH;
  int result = find_profile(c, number, by_id, &p);
  if (result) return result;
  if (version == nvmlGpuInstanceProfileInfo_v2) {
    nvmlGpuInstanceProfileInfo_v2_t *to = info;
    to->id = p.id, to->isP2pSupported = 0, to->sliceCount = p.slices, to->instanceCount = p.most;
    to->multiprocessorCount = p.multiprocessors, to->copyEngineCount = p.copy_engines;
    to->decoderCount = p.decoders, to->encoderCount = p.encoders, to->jpegCount = p.jpeg_engines;
    to->ofaCount = p.flow_engines, to->memorySizeMB = p.memory_mib;
    product_name(to->name, p.name);
  } else {
    nvmlGpuInstanceProfileInfo_v3_t *to = info;
    to->id = p.id, to->sliceCount = p.slices, to->instanceCount = p.most;
    to->multiprocessorCount = p.multiprocessors, to->copyEngineCount = p.copy_engines;
    to->decoderCount = p.decoders, to->encoderCount = p.encoders, to->jpegCount = p.jpeg_engines;
    to->ofaCount = p.flow_engines, to->memorySizeMB = p.memory_mib;
    to->capabilities = 0;
    product_name(to->name, p.name);
  }
  return SUCCESS;
}
static int body_gpu_profile_versioned(struct call *c, u32 profile, void *info) { return versioned_profile(c, profile, 0, info); }
static int body_gpu_profile_by_id(struct call *c, u32 id, void *info) { return versioned_profile(c, id, 1, info); }
static int body_gpu_placements(struct call *c, u32 id, nvmlGpuInstancePlacement_t *placements, u32 *count) {
  struct gpu_profile p;
  if (!count) return INVALID_ARGUMENT;
  int result = find_profile(c, id, 1, &p);
  if (result) return result;
  u32 there = p.starts_count < 8 ? p.starts_count : 8;
  if (placements && *count < there) { *count = there; return INSUFFICIENT_SIZE; }
  *count = there;
  for (u32 i = 0; placements && i < there; i++) placements[i].start = p.starts[i], placements[i].size = p.size;
  return SUCCESS;
}
static int mode_is_on(struct call *c) {
  u32 on = 0;
  READ(c) { on = r->mig_supported && r->mig_mode == 1; }
  return on ? SUCCESS : NOT_SUPPORTED;
}
static int body_gpu_remaining(struct call *c, u32 id, u32 *count) {
  struct gpu_profile p;
  if (!count) return INVALID_ARGUMENT;
  int result = mode_is_on(c);
  if (!result) result = find_profile(c, id, 1, &p);
  if (!result) *count = p.remaining;
  return result;
}
static int body_gpu_instances(struct call *c, u32 id, handle *instances, u32 *count) {
  struct gpu_profile p;
  u32 found = 0;
  if (!count || !instances) return INVALID_ARGUMENT;
  int result = mode_is_on(c);
  if (!result) result = find_profile(c, id, 1, &p);
  if (result) return result;
  READ(c) {
    found = 0;
    for (u32 i = 0; i < r->gpu_instances_count && i < COUNT_OF(r->gpu_instances); i++)
      if (r->gpu_instances[i].profile_id == id) instances[found++] = gi_handle(c->record, r->gpu_instances[i].id);
  }
  *count = found;
  return SUCCESS;
}
static int body_gpu_instance_by_id(struct call *c, u32 id, handle *instance) {
  int there = 0;
  if (!instance) return INVALID_ARGUMENT;
  int result = mode_is_on(c);
  if (result) return result;
  READ(c) { there = gi_of(r, id) != 0; }
  if (!there) return NOT_FOUND;
  *instance = gi_handle(c->record, id);
  return SUCCESS;
}
static int body_gpu_instance_info(struct call *c, nvmlGpuInstanceInfo_t *info) {
  int result = NOT_FOUND;
  if (!info) return INVALID_ARGUMENT;
  READ(c) {
    const struct gpu_instance *one = gi_of(r, c->gi);
    result = one ? SUCCESS : NOT_FOUND;
    if (!one) continue;
    info->device = device_handle(c->record);
    info->id = one->id, info->profileId = one->profile_id;
    info->placement.start = one->start, info->placement.size = one->size;
  }
  return result;
}
