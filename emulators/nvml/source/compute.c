/* Compute instances: the parts of a GPU instance, each of which is a MIG device. */

static int find_compute(struct call *c, u32 profile, u32 engine, struct compute_profile *to, struct gpu_profile *of) {
  int result = NOT_FOUND;
  if (profile >= COMPUTE_PROFILES || engine) return INVALID_ARGUMENT;
  READ(c) {
    const struct gpu_instance *inside = gi_of(r, c->gi);
    const struct gpu_profile *p = inside ? profile_of(r, inside->profile, 0) : 0;
    const struct compute_profile *found = compute_profile_of(p, profile);
    result = !inside ? NOT_FOUND : found ? SUCCESS : NOT_SUPPORTED;
    if (found) *to = *found, *of = *p;
  }
  return result;
}
static int body_compute_profile(struct call *c, u32 profile, u32 engine, nvmlComputeInstanceProfileInfo_t *info) {
  struct compute_profile p;
  struct gpu_profile g;
  if (!info) return INVALID_ARGUMENT;
  int result = find_compute(c, profile, engine, &p, &g);
  if (result) return result;
  info->id = p.profile, info->sliceCount = p.slices, info->instanceCount = p.count;
  info->multiprocessorCount = p.multiprocessors, info->sharedCopyEngineCount = g.copy_engines;
  info->sharedDecoderCount = g.decoders, info->sharedEncoderCount = g.encoders;
  info->sharedJpegCount = g.jpeg_engines, info->sharedOfaCount = g.flow_engines;
  return SUCCESS;
}
/* Versions 2 and 3 differ in the last member only. */
static int body_compute_profile_versioned(struct call *c, u32 profile, u32 engine, void *info) {
  struct compute_profile p;
  struct gpu_profile g;
  nvmlComputeInstanceProfileInfo_v2_t *to = info;
  char name[40];
  if (!info) return INVALID_ARGUMENT;
  u32 version = to->version;
  if (version != nvmlComputeInstanceProfileInfo_v2 && version != nvmlComputeInstanceProfileInfo_v3) return ARGUMENT_VERSION_MISMATCH;
  int result = find_compute(c, profile, engine, &p, &g);
  if (result) return result;
  to->id = p.profile, to->sliceCount = p.slices, to->instanceCount = p.count;
  to->multiprocessorCount = p.multiprocessors, to->sharedCopyEngineCount = g.copy_engines;
  to->sharedDecoderCount = g.decoders, to->sharedEncoderCount = g.encoders;
  to->sharedJpegCount = g.jpeg_engines, to->sharedOfaCount = g.flow_engines;
  u32 n = 0;
  if (p.slices != g.slices) n = decimal(name, p.slices), name[n++] = 'c', name[n++] = '.';
  memcpy(name + n, g.name, sizeof g.name);
  product_name(to->name, name);
  if (version == nvmlComputeInstanceProfileInfo_v3) ((nvmlComputeInstanceProfileInfo_v3_t *)info)->capabilities = 0;
  return SUCCESS;
}
/* Compute slices of the GPU instance that compute instances hold, as bits. */
static u32 slices_taken(const struct gpu *r, u32 gi) {
  u32 taken = 0;
  for (u32 i = 0; i < r->compute_instances_count && i < COUNT_OF(r->compute_instances); i++)
    if (r->compute_instances[i].gi == gi)
      for (u32 k = 0; k < r->compute_instances[i].size && k < 8; k++) taken |= 1u << ((r->compute_instances[i].start + k) & 31);
  return taken;
}
static int body_compute_remaining(struct call *c, u32 profile, u32 *count) {
  struct compute_profile p;
  struct gpu_profile g;
  u32 taken = 0, found = 0;
  if (!count) return INVALID_ARGUMENT;
  int result = find_compute(c, profile, 0, &p, &g);
  if (result) return result;
  READ(c) { taken = slices_taken(r, c->gi); }
  for (u32 start = 0; start + p.slices <= g.slices; start++) {
    u32 wanted = ((1u << p.slices) - 1) << start;
    if (!(taken & wanted)) taken |= wanted, found++;
  }
  *count = found;
  return SUCCESS;
}
static int body_compute_placements(struct call *c, u32 profile, nvmlComputeInstancePlacement_t *placements, u32 *count) {
  struct compute_profile p;
  struct gpu_profile g;
  if (!count) return INVALID_ARGUMENT;
  int result = find_compute(c, profile, 0, &p, &g);
  if (result) return result;
  u32 there = 0, starts[8];
  for (u32 i = 0; i < 8 && p.starts[i] != ABSENT_32; i++) starts[there++] = p.starts[i];
  if (placements && *count < there) { *count = there; return INSUFFICIENT_SIZE; }
  *count = there;
  for (u32 i = 0; placements && i < there; i++) placements[i].start = starts[i], placements[i].size = p.slices;
  return SUCCESS;
}
static int body_compute_instances(struct call *c, u32 profile, handle *instances, u32 *count) {
  struct compute_profile p;
  struct gpu_profile g;
  u32 found = 0;
  if (!count || !instances) return INVALID_ARGUMENT;
  int result = find_compute(c, profile, 0, &p, &g);
  if (result) return result;
  READ(c) {
    found = 0;
    for (u32 i = 0; i < r->compute_instances_count && i < COUNT_OF(r->compute_instances); i++)
      if (r->compute_instances[i].gi == c->gi && r->compute_instances[i].profile == profile)
        instances[found++] = ci_handle(c->record, c->gi, r->compute_instances[i].id);
  }
  *count = found;
  return SUCCESS;
}
static int body_compute_instance_by_id(struct call *c, u32 id, handle *instance) {
  int there = 0;
  if (!instance) return INVALID_ARGUMENT;
  READ(c) {
    there = 0;
    for (u32 i = 0; i < r->compute_instances_count && i < COUNT_OF(r->compute_instances); i++)
      there |= r->compute_instances[i].gi == c->gi && r->compute_instances[i].id == id;
  }
  if (!there) return NOT_FOUND;
  *instance = ci_handle(c->record, c->gi, id);
  return SUCCESS;
}
static int body_compute_instance_info(struct call *c, nvmlComputeInstanceInfo_t *info) {
  int result = NOT_FOUND;
  if (!info) return INVALID_ARGUMENT;
  READ(c) {
    result = NOT_FOUND;
    for (u32 i = 0; i < r->compute_instances_count && i < COUNT_OF(r->compute_instances); i++) {
      const struct compute_instance *one = &r->compute_instances[i];
      if (one->gi != c->gi || one->id != c->ci) continue;
      info->device = mig_handle(c->record, one->gi, one->id);
      info->gpuInstance = gi_handle(c->record, one->gi);
      info->id = one->id, info->profileId = one->profile;
      info->placement.start = one->start, info->placement.size = one->size;
      result = SUCCESS;
    }
  }
  return result;
}
