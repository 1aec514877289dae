/* `nvidia-smi mig`: making and ending instances. */
/* Makes a compute instance of a profile given by number or name; all slices where it is null. */
static int make_compute(struct gpu *g, handle gi, u32 gi_id, const char *wanted, const char *whole) {
  nvmlComputeInstanceProfileInfo_v2_t p;
  u32 number = NONE, by_number = wanted && number_in(wanted, &number);
  for (u32 i = 0; i < COMPUTE_PROFILES; i++) {
    if (!compute_profile(gi, i, &p)) continue;
    if (by_number ? p.id != number : !same(bare(p.name), wanted ? wanted : whole)) continue;
    handle made;
    nvmlComputeInstanceInfo_t info;
    int result = CALL(nvmlGpuInstanceCreateComputeInstance, gi, p.id, &made);
    if (!result) result = CALL(nvmlComputeInstanceGetInfo_v2, made, &info);
    if (!result) print("Successfully created compute instance ID %2u on GPU %2u GPU instance ID %2u using profile MIG %s (ID %2u)\n", info.id, g->index, gi_id, bare(p.name), p.id);
    else print("Unable to create a compute instance on GPU %2u GPU instance ID %2u using profile %u: %s\n", g->index, gi_id, p.id, error_text(result));
    return result;
  }
  print("Unable to create a compute instance on GPU %2u GPU instance ID %2u: no profile %s\n", g->index, gi_id, wanted ? wanted : whole);
  return INVALID_ARGUMENT;
}
static int make_gpu_instance(struct gpu *g, const char *wanted, int with_compute) {
  char name[64];
  const char *place = next_word(wanted, ":", name, sizeof name);
  nvmlGpuInstanceProfileInfo_v2_t p;
  u32 id = NONE, found = 0;
  if (number_in(name, &id)) found = (u32)gpu_profile_by_id(g, id, &p);
  else
    for (u32 i = 0; i < GPU_PROFILES && !found; i++) found = gpu_profile(g, i, &p) && same(bare(p.name), bare(name));
  if (!found) {
    print("Unable to create a GPU instance on GPU %2u using profile %s: %s\n", g->index, name, error_text(NOT_SUPPORTED));
    return NOT_SUPPORTED;
  }
  handle made;
  nvmlGpuInstanceInfo_t info;
  nvmlGpuInstancePlacement_t at[32];
  u32 count = COUNT_OF(at);
  int result = 0;
  if (place) {
    result = CALL(nvmlDeviceGetGpuInstancePossiblePlacements_v2, g->device, p.id, at, &count);
    at[0].start = value_in(place);
    if (!result) result = CALL(nvmlDeviceCreateGpuInstanceWithPlacement, g->device, p.id, at, &made);
  } else result = CALL(nvmlDeviceCreateGpuInstance, g->device, p.id, &made);
  if (!result) result = CALL(nvmlGpuInstanceGetInfo, made, &info);
  if (result) {
    print("Unable to create a GPU instance on GPU %2u using profile %u: %s\n", g->index, p.id, error_text(result));
    return result;
  }
  print("Successfully created GPU instance ID %2u on GPU %2u using profile MIG %s (ID %2u)\n", info.id, g->index, bare(p.name), p.id);
  return with_compute ? make_compute(g, made, info.id, 0, bare(p.name)) : 0;
}
static int create_gpu_instances(struct mig_options *o) {
  keep_mig(1);
  EACH_GPU(g)
    for (const char *rest = o->create; rest;) {
      char wanted[64];
      rest = next_word(rest, ",", wanted, sizeof wanted);
      int result = make_gpu_instance(g, wanted, o->with_compute);
      if (!result) continue;
      print("Failed to create GPU instances: %s\n", error_text(result));
      return exit_code(result);
    }
  return 0;
}
static int create_inside(struct gpu *g, handle gi, nvmlGpuInstanceInfo_t *at, const char *name, struct mig_options *o) {
  int result = 0;
  for (const char *rest = o->compute; rest && !result;) {
    char wanted[64];
    rest = next_word(rest, ",", wanted, sizeof wanted);
    result = make_compute(g, gi, at->id, *wanted ? wanted : 0, name);
  }
  return result;
}
static int destroy_inside(struct gpu *g, handle gi, nvmlGpuInstanceInfo_t *at, const char *name, struct mig_options *o) {
  (void)name;
  int worst = 0;
  for (u32 i = 0; i < COMPUTE_PROFILES; i++) {
    nvmlComputeInstanceProfileInfo_v2_t p;
    handle all[MOST_INSTANCES];
    u32 count = compute_profile(gi, i, &p) ? compute_instances_of(gi, p.id, all) : 0;
    for (u32 k = 0; k < count; k++) {
      nvmlComputeInstanceInfo_t info;
      if (CALL(nvmlComputeInstanceGetInfo_v2, all[k], &info) || !is_listed(o->cis, info.id)) continue;
      compute_found++;
      int result = CALL(nvmlComputeInstanceDestroy, all[k]);
      if (!result) print("Successfully destroyed compute instance ID %2u from GPU %2u GPU instance ID %2u\n", info.id, g->index, at->id);
      else print("Unable to destroy compute instance ID %2u from GPU %2u GPU instance ID %2u: %s\n", info.id, g->index, at->id, error_text(result));
      if (result) worst = result;
    }
  }
  return worst;
}
static int destroy_gpu_instance(struct gpu *g, handle gi, nvmlGpuInstanceInfo_t *at, const char *name, struct mig_options *o) {
  (void)name, (void)o;
  int result = CALL(nvmlGpuInstanceDestroy, gi);
  if (!result) print("Successfully destroyed GPU instance ID %2u from GPU %2u\n", at->id, g->index);
  else print("Unable to destroy GPU instance ID %2u from GPU %2u: %s\n", at->id, g->index, error_text(result));
  return result;
}
static int change_instances(struct mig_options *o, visit what, const char *verb, const char *kind) {
  int result = 0;
  keep_mig(1);
  if (!visit_gpu_instances(o, what, &result)) return none_found("GPU instances", NOT_FOUND);
  if (what == destroy_inside && !compute_found) return none_found(kind, NOT_FOUND);
  if (result) print("Failed to %s %s: %s\n", verb, kind, error_text(result));
  return exit_code(result);
}
static int mig(int count, char **words) {
  struct mig_options o = {0, 0, 0, 0, 0, 0};
  const char *what = "";
  for (int i = 0; i < count; i++) {
    const char *w = words[i], *next = i + 1 < count && *words[i + 1] != '-' ? words[i + 1] : 0;
    if ((same(w, "-i") || same(w, "--id")) && next) o.gpus = words[++i];
    else if ((same(w, "-gi") || same(w, "--gpu-instance-id")) && next) o.gis = words[++i];
    else if ((same(w, "-ci") || same(w, "--compute-instance-id")) && next) o.cis = words[++i];
    else if (same(w, "-C") || same(w, "--default-compute-instance")) o.with_compute = 1;
    else if ((same(w, "-cgi") || same(w, "--create-gpu-instance")) && next) what = "-cgi", o.create = words[++i];
    else if (same(w, "-cci") || same(w, "--create-compute-instance")) what = "-cci", o.compute = next ? words[++i] : "";
    else if (same(w, "-lgip") || same(w, "--list-gpu-instance-profiles")) what = "-lgip";
    else if (same(w, "-lgipp") || same(w, "--list-gpu-instance-possible-placements")) what = "-lgipp";
    else if (same(w, "-lgi") || same(w, "--list-gpu-instances")) what = "-lgi";
    else if (same(w, "-lcip") || same(w, "--list-compute-instance-profiles")) what = "-lcip";
    else if (same(w, "-lci") || same(w, "--list-compute-instances")) what = "-lci";
    else if (same(w, "-dgi") || same(w, "--destroy-gpu-instance")) what = "-dgi";
    else if (same(w, "-dci") || same(w, "--destroy-compute-instance")) what = "-dci";
    else what = "?", i = count;
  }
  if (!*what || *what == '?') {
    print("Invalid combination of input arguments. Please run 'nvidia-smi mig -h' for help.\n");
    return 2;
  }
  begin();
  choose(o.gpus);
  if (same(what, "-lgip")) return list_gpu_profiles();
  if (same(what, "-lgipp")) return list_placements();
  if (same(what, "-lgi")) return list_gpu_instances();
  if (same(what, "-lcip")) return list_compute(&o, show_compute_profiles, "compute instance profiles", 76);
  if (same(what, "-lci")) return list_compute(&o, show_compute_instances, "compute instances", 0);
  if (same(what, "-cgi")) return create_gpu_instances(&o);
  if (same(what, "-cci")) return change_instances(&o, create_inside, "create", "compute instances");
  if (same(what, "-dci")) return change_instances(&o, destroy_inside, "destroy", "compute instances");
  return change_instances(&o, destroy_gpu_instance, "destroy", "GPU instances");
}
