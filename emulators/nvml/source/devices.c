/* What is told of one device and cannot be said in the table. */

static int mig_instance(struct call *c, struct compute_instance *to, char *name) {
  int result = NOT_FOUND;
  READ(c) {
    result = NOT_FOUND;
    for (u32 i = 0; i < r->compute_instances_count && i < COUNT_OF(r->compute_instances); i++)
      if (r->compute_instances[i].gi == c->gi && r->compute_instances[i].id == c->ci) {
        *to = r->compute_instances[i];
        result = SUCCESS;
      }
    if (name) memcpy(name, r->name, 96);
  }
  return result;
}
static int body_device_name(struct call *c, char *name, u32 length) {
  int result = 0;
  struct compute_instance own;
  if (!name) return INVALID_ARGUMENT;
  if (c->kind == MIG) {
    result = mig_instance(c, &own, 0);
    return result ? result : copy_text(name, length, own.name, 96);
  }
  READ(c) { result = copy_text(name, length, r->name, 96); }
  return result;
}
static int body_device_uuid(struct call *c, char *uuid, u32 length) {
  int result = 0;
  struct compute_instance own;
  if (!uuid) return INVALID_ARGUMENT;
  if (c->kind == MIG) {
    result = mig_instance(c, &own, 0);
    return result ? result : copy_text(uuid, length, own.uuid, 96);
  }
  READ(c) { result = copy_text(uuid, length, r->uuid, 96); }
  return result;
}
static int body_device_index(struct call *c, u32 *index) {
  if (!index) return INVALID_ARGUMENT;
  if (c->kind == MIG) {
    u32 found = ABSENT_32;
    READ(c) {
      for (u32 i = 0; i < r->compute_instances_count && i < COUNT_OF(r->compute_instances); i++)
        if (r->compute_instances[i].gi == c->gi && r->compute_instances[i].id == c->ci) found = i;
    }
    *index = found;
    return found == ABSENT_32 ? NOT_FOUND : SUCCESS;
  }
  const struct sight *seen = in_sight();
  for (u32 i = 0; i < seen->count; i++)
    if (seen->records[i] == c->record) {
      *index = i;
      return SUCCESS;
    }
  return NO_PERMISSION;
}
static int body_same_board(struct call *c, handle other, i32 *same) {
  struct call second = *c;
  if (!same) return INVALID_ARGUMENT;
  int result = begin_with(&second, c->function, DEVICE, other);
  if (result) return result;
  u32 boards[2] = {0, 0};
  READ(c) { boards[0] = r->board_id; }
  READ(&second) { boards[1] = r->board_id; }
  *same = boards[0] == boards[1];
  return SUCCESS;
}
static int body_inforom_version(struct call *c, u32 object, char *version, u32 length) {
  int result = 0;
  if (!version || object > 3) return INVALID_ARGUMENT;
  READ(c) {
    result = object == 0 ? copy_text(version, length, r->inforom_oem, 16)
           : object == 1 ? copy_text(version, length, r->inforom_ecc, 16)
           : object == 2 ? copy_text(version, length, r->inforom_power, 16) : NOT_SUPPORTED;
  }
  return result;
}
static int body_validate_inforom(struct call *c) {
  int result = 0;
  READ(c) { result = r->inforom_corrupt ? CORRUPTED_INFOROM : r->inforom_image[0] ? SUCCESS : NOT_SUPPORTED; }
  return result;
}
static int body_pci_info(struct call *c, nvmlPciInfo_t *pci) {
  if (!pci) return INVALID_ARGUMENT;
  READ(c) {
    memcpy(pci->busIdLegacy, r->bus_id_legacy, sizeof pci->busIdLegacy);
    memcpy(pci->busId, r->pci.busId, sizeof pci->busId);
    pci->domain = r->pci.domain;
    pci->bus = r->pci.bus;
    pci->device = r->pci.device;
    pci->pciDeviceId = r->pci.pciDeviceId;
    pci->pciSubSystemId = r->pci.pciSubSystemId;
  }
  return SUCCESS;
}
static int body_pci_info_ext(struct call *c, nvmlPciInfoExt_v1_t *pci) {
  if (!pci) return INVALID_ARGUMENT;
  if (pci->version != nvmlPciInfoExt_v1) return ARGUMENT_VERSION_MISMATCH;
  READ(c) { *pci = r->pci; }
  pci->version = nvmlPciInfoExt_v1;
  return SUCCESS;
}
static int body_gsp_version(struct call *c, char *version) {
  int result = 0;
  u32 mode = 0;
  if (!version) return INVALID_ARGUMENT;
  READ(c) { mode = r->gsp_firmware; }
  if (mode != 1) return NOT_SUPPORTED;
  READ_NODE { result = copy_text(version, 80, r->driver_version, 80); }
  return result;
}

/* Affinity: bits of processors and of memory nodes. */
static int body_cpu_affinity_within(struct call *c, u32 size, ulong *set, u32 scope) {
  if (!size || !set || scope > 1) return INVALID_ARGUMENT;
  READ(c) {
    for (u32 i = 0; i < size; i++) set[i] = i < COUNT_OF(r->cpus) ? (ulong)r->cpus[i] : 0;
  }
  return SUCCESS;
}
static int body_cpu_affinity(struct call *c, u32 size, ulong *set) { return body_cpu_affinity_within(c, size, set, 0); }
static int body_memory_affinity(struct call *c, u32 size, ulong *set, u32 scope) {
  if (!size || !set || scope > 1) return INVALID_ARGUMENT;
  READ(c) {
    for (u32 i = 0; i < size; i++) set[i] = 0;
    if (r->numa_node < size * 64ull) set[r->numa_node / 64] = 1ul << (r->numa_node % 64);
  }
  return SUCCESS;
}
static int body_set_cpu_affinity(struct call *c) {
  u64 cpus[16];
  READ(c) { memcpy(cpus, r->cpus, sizeof cpus); }
  long result = kernel(SYS_sched_setaffinity, 0, sizeof cpus, (long)cpus, 0, 0, 0);
  return result < 0 ? UNKNOWN : SUCCESS;
}
static int body_clear_cpu_affinity(struct call *c) {
  u64 cpus[16];
  (void)c;
  memset(cpus, 0xff, sizeof cpus);
  kernel(SYS_sched_setaffinity, 0, sizeof cpus, (long)cpus, 0, 0, 0);
  return SUCCESS;
}
static int body_gpus_near_cpu(struct call *c, u32 cpu, u32 *count, handle *devices) {
  const struct sight *seen = in_sight();
  u32 found = 0, room;
  (void)c;
  if (!count) return INVALID_ARGUMENT;
  room = devices ? *count : 0;
  for (u32 i = 0; i < seen->count; i++) {
    const struct gpu_slot *slot = &STATE->devices[seen->records[i]];
    int near = 0;
    READ_RECORD(gpu, slot) { near = cpu / 64 < COUNT_OF(r->cpus) && (r->cpus[cpu / 64] >> (cpu % 64) & 1); }
    if (near && found < room) devices[found] = device_handle(seen->records[i]);
    found += near != 0;
  }
  if (devices && found > room) { *count = found; return INSUFFICIENT_SIZE; }
  *count = found;
  return SUCCESS;
}
static int second_device(struct call *c, handle other, u32 *record) {
  struct call second = *c;
  int result = resolve(&second, other);
  if (result) return result;
  if (second.kind != DEVICE) return INVALID_ARGUMENT;
  const struct gpu_slot *slot = second.slot;
  if (slot->copies[number_of(&slot->number) & 1].lost) return GPU_IS_LOST;
  *record = second.record;
  return SUCCESS;
}
static int body_common_ancestor(struct call *c, handle other, u32 *level) {
  u32 record = 0;
  if (!level) return INVALID_ARGUMENT;
  int result = second_device(c, other, &record);
  if (result) return result;
  READ(c) { *level = r->ancestors[record]; }
  return SUCCESS;
}
static int body_nearest_gpus(struct call *c, u32 level, u32 *count, handle *devices) {
  const struct sight *seen = in_sight();
  u32 found = 0, levels[64];
  if (!count || level > 50) return INVALID_ARGUMENT;
  u32 room = devices ? *count : 0;
  READ(c) { memcpy(levels, r->ancestors, sizeof levels); }
  for (u32 i = 0; i < seen->count; i++) {
    u32 record = seen->records[i];
    if (record == c->record || levels[record] != level) continue;
    if (found < room) devices[found] = device_handle(record);
    found++;
  }
  *count = found;
  return devices && found > room ? INSUFFICIENT_SIZE : SUCCESS;
}
/* Peers reach each other by NVLink, or over PCIe within one socket. */
static int body_p2p_status(struct call *c, handle other, u32 index, u32 *status) {
  u32 record = 0, linked = 0, level = 0;
  if (!status || index > 5) return INVALID_ARGUMENT;
  int result = second_device(c, other, &record);
  if (result) return result;
  READ(c) {
    level = r->ancestors[record];
    linked = 0;
    for (u32 i = 0; i < r->nvlink_links && i < COUNT_OF(r->nvlink_active); i++) linked |= r->nvlink_active[i] == 1;
  }
  int nvlink = index == 2 || index == 0 || index == 1 || index == 3;
  if (c->record == record) *status = 0;
  else if (linked && nvlink) *status = 0;
  else *status = index == 2 ? 5 : level <= 40 ? 0 : 4;
  return SUCCESS;
}

/* Memory. Version 1 counts what the driver keeps as used. */
static int memory_of(struct call *c, u64 *total, u64 *reserved, u64 *used) {
  struct compute_instance own;
  u32 supported = 0;
  if (c->kind == MIG) {
    int result = mig_instance(c, &own, 0);
    if (result) return result;
    *total = own.memory_mib << 20;
    *reserved = 0;
    *used = own.used < *total ? own.used : *total;
    return SUCCESS;
  }
  READ(c) {
    supported = r->memory_supported;
    *total = r->memory_total;
    *reserved = r->memory_reserved < *total ? r->memory_reserved : *total;
    *used = r->memory_used < *total - *reserved ? r->memory_used : *total - *reserved;
  }
  return supported ? SUCCESS : NOT_SUPPORTED;
}
static int body_memory_info(struct call *c, nvmlMemory_t *memory) {
  u64 total, reserved, used;
  if (!memory) return INVALID_ARGUMENT;
  int result = memory_of(c, &total, &reserved, &used);
  if (result) return result;
  memory->total = total;
  memory->used = used + reserved;
  memory->free = total - memory->used;
  return SUCCESS;
}
static int body_memory_info_v2(struct call *c, nvmlMemory_v2_t *memory) {
  u64 total, reserved, used;
  if (!memory) return INVALID_ARGUMENT;
  if (memory->version != nvmlMemory_v2) return ARGUMENT_VERSION_MISMATCH;
  int result = memory_of(c, &total, &reserved, &used);
  if (result) return result;
  memory->total = total;
  memory->reserved = reserved;
  memory->used = used;
  memory->free = total - reserved - used;
  return SUCCESS;
}
