/* topo -m: how the GPUs are connected. */
static const char *path_of(u32 level) {
  switch (level) {
    case 0: return "PSB";
    case 10: return "PIX";
    case 20: return "PXB";
    case 30: return "PHB";
    case 40: return "NODE";
  }
  return "SYS";
}
/* Counts the active links whose other end is the GPU or, where there is one, a switch. */
static u32 links_between(struct gpu *a, struct gpu *b) {
  u32 count = 0;
  for (u32 link = 0; link < 18; link++) {
    u32 active = 0, kind = 0;
    nvmlPciInfo_t remote;
    if (CALL(nvmlDeviceGetNvLinkState, a->device, link, &active) || !active) continue;
    if (CALL(nvmlDeviceGetNvLinkRemoteDeviceType, a->device, link, &kind)) continue;
    if (kind == 2) count++; /* NVML_NVLINK_DEVICE_TYPE_SWITCH: reaches every GPU */
    else if (!kind && !CALL(nvmlDeviceGetNvLinkRemotePciInfo_v2, a->device, link, &remote))
      count += (u32)same_but_case(remote.busId, b->bus_id);
  }
  return count;
}
static int show_topology(int count, char **words) {
  if (count < 1 || (!same(words[0], "-m") && !same(words[0], "--matrix"))) {
    print("Invalid combination of input arguments. Please run 'nvidia-smi topo -h' for help.\n");
    return 2;
  }
  begin();
  choose(0);
  EACH_GPU(g) print("\tGPU%u", g->index);
  print("\tCPU Affinity\tNUMA Affinity\tGPU NUMA ID\n");
  EACH_GPU(a) {
    print("GPU%u", a->index);
    EACH_GPU(b) {
      u32 level = 50, links = a == b ? 0 : links_between(a, b);
      CALL(nvmlDeviceGetTopologyCommonAncestor, a->device, b->device, &level);
      if (a == b) print("\t X ");
      else if (links) print("\tNV%u", links);
      else print("\t%s", path_of(level));
    }
    ulong cpus[16];
    ulong nodes[1] = {0};
    print("\t");
    if (CALL(nvmlDeviceGetCpuAffinity, a->device, 16, cpus)) print("N/A");
    else {
      u32 shown = 0;
      for (u32 i = 0; i < 1024; i++) {
        u32 end = i;
        while (end < 1024 && cpus[end / 64] >> end % 64 & 1) end++;
        if (end == i) continue;
        print(end - i > 1 ? "%s%u-%u" : "%s%u", shown++ ? "," : "", i, end - 1);
        i = end;
      }
    }
    if (CALL(nvmlDeviceGetMemoryAffinity, a->device, 1, nodes, 0) || !nodes[0]) print("\tN/A");
    else print("\t%u", (u32)__builtin_ctzl(nodes[0]));
    /* Only memory of GPUs that hang on the processor itself is a NUMA node. */
    print("\t\tN/A\n");
  }
  print("\nLegend:\n\n  X    = Self\n  SYS  = across NUMA nodes\n  NODE = within a NUMA node, across PCIe host bridges\n");
  print("  PHB  = across a PCIe host bridge\n  PXB  = across several PCIe bridges\n  PIX  = across one PCIe bridge\n  NV#  = over # NVLinks\n");
  return 0;
}
