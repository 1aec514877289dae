/* What `nvidia-smi mig` lists: profiles, placements, instances. */
static int list_gpu_profiles(void) {
  keep_mig(0);
  frame(79, '-', '+');
  print("| %-77s |\n", "GPU instance profiles:");
  print("| %-77s |\n| %-77s |\n", "GPU   Name               ID    Instances   Memory     P2P    SM    DEC   ENC",
        "                               Free/Total   GiB              CE    JPEG  OFA");
  frame(79, '=', '|');
  EACH_GPU(g)
    for (u32 i = 0, known = gpu_profiles(g, profiles); i < known; i++) {
      const nvmlGpuInstanceProfileInfo_v2_t *p = &profiles[i];
      u32 left = 0;
      char room[16], memory[24];
      if (CALL(nvmlDeviceGetGpuInstanceRemainingCapacity, g->device, p->id, &left)) left = 0;
      write_text(room, sizeof room, "%u/%u", left, p->instanceCount);
      write_text(memory, sizeof memory, "%l.%02u", p->memorySizeMB / 1024, (u32)(p->memorySizeMB % 1024 * 100 / 1024));
      print("|%4u  MIG %-14s%4u%8s        %-11s%-3s%6u%6u%6u   |\n", g->index, bare(p->name), p->id, room, memory,
            p->isP2pSupported ? "Yes" : "No", p->multiprocessorCount, p->decoderCount, p->encoderCount);
      print("|%64u%6u%6u   |\n", p->copyEngineCount, p->jpegCount, p->ofaCount);
      frame(79, '-', '+');
    }
  return 0;
}
static int list_placements(void) {
  keep_mig(0);
  EACH_GPU(g)
    for (u32 i = 0, known = gpu_profiles(g, profiles); i < known; i++) {
      const nvmlGpuInstanceProfileInfo_v2_t *p = &profiles[i];
      nvmlGpuInstancePlacement_t places[32];
      u32 count = COUNT_OF(places);
      if (CALL(nvmlDeviceGetGpuInstancePossiblePlacements_v2, g->device, p->id, places, &count) || !count) continue;
      print("GPU %2u Profile ID %2u Placement%s: %s", g->index, p->id, count > 1 ? "s" : "", "{");
      for (u32 k = 0; k < count; k++) print("%s%u", k ? "," : "", places[k].start);
      print("}:%u\n", places[0].size);
    }
  return 0;
}
static int list_gpu_instances(void) {
  u32 found = 0;
  keep_mig(1);
  EACH_GPU(g)
    for (u32 i = 0, known = gpu_profiles(g, profiles); i < known; i++) {
      const nvmlGpuInstanceProfileInfo_v2_t *p = &profiles[i];
      handle all[MOST_INSTANCES];
      u32 count = instances_of(g, p->id, all);
      for (u32 k = 0; k < count; k++) {
        nvmlGpuInstanceInfo_t info;
        if (CALL(nvmlGpuInstanceGetInfo, all[k], &info)) continue;
        if (!found++) {
          frame(55, '-', '+');
          print("| %-53s |\n| %-53s |\n| %-53s |\n", "GPU instances:", "GPU   Name             Profile  Instance   Placement",
                "                         ID       ID       Start:Size");
          frame(55, '=', '|');
        }
        print("|%4u  MIG %-14s%4u%9u%11u:%-6u|\n", g->index, bare(p->name), p->id, info.id, info.placement.start, info.placement.size);
        frame(55, '-', '+');
      }
    }
  return found ? 0 : none_found("GPU instances", NOT_FOUND);
}
static u32 compute_found;
static int show_compute_instances(struct gpu *g, handle gi, nvmlGpuInstanceInfo_t *at, const char *name, struct mig_options *o) {
  (void)name, (void)o;
  for (u32 i = 0; i < COMPUTE_PROFILES; i++) {
    nvmlComputeInstanceProfileInfo_v2_t p;
    handle all[MOST_INSTANCES];
    u32 count = compute_profile(gi, i, &p) ? compute_instances_of(gi, p.id, all) : 0;
    for (u32 k = 0; k < count; k++) {
      nvmlComputeInstanceInfo_t info;
      if (CALL(nvmlComputeInstanceGetInfo_v2, all[k], &info)) continue;
      if (!compute_found++) {
        frame(68, '-', '+');
        print("| %-66s |\n| %-66s |\n| %-66s |\n| %-66s |\n", "Compute instances:", "GPU     GPU       Name             Profile   Instance   Placement",
              "      Instance                       ID        ID       Start:Size", "        ID");
        frame(68, '=', '|');
      }
      print("|%4u%7u       MIG %-15s%4u%10u%10u:%-6u|\n", g->index, at->id, bare(p.name), p.id, info.id, info.placement.start, info.placement.size);
      frame(68, '-', '+');
    }
  }
  return 0;
}
static int show_compute_profiles(struct gpu *g, handle gi, nvmlGpuInstanceInfo_t *at, const char *name, struct mig_options *o) {
  (void)name, (void)o;
  for (u32 i = 0; i < COMPUTE_PROFILES; i++) {
    nvmlComputeInstanceProfileInfo_v2_t p;
    u32 left = 0;
    char room[16];
    if (!compute_profile(gi, i, &p)) continue;
    if (!compute_found++) {
      frame(76, '-', '+');
      print("| %-74s |\n| %-74s |\n", "Compute instance profiles:", "GPU     GPU       Name             Profile  Instances   Exclusive  Shared");
      print("| %-74s |\n", "      Instance                       ID    Free/Total     SM       CE  DEC");
      frame(76, '=', '|');
    }
    if (CALL(nvmlGpuInstanceGetComputeInstanceRemainingCapacity, gi, p.id, &left)) left = 0;
    write_text(room, sizeof room, "%u/%u", left, p.instanceCount);
    print("| %3u   %4u       MIG %-14s %4u     %5s      %4u     %4u %4u |\n", g->index, at->id, bare(p.name), p.id, room, p.multiprocessorCount, p.sharedCopyEngineCount, p.sharedDecoderCount);
  }
  return 0;
}
static int list_compute(struct mig_options *o, visit what, const char *name, u32 width) {
  int result = 0;
  keep_mig(1);
  if (!visit_gpu_instances(o, what, &result)) return none_found("GPU instances", NOT_FOUND);
  if (!compute_found) return none_found(name, NOT_FOUND);
  if (width) frame(width, '-', '+');
  return exit_code(result);
}
