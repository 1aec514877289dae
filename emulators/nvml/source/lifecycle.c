/* Starting and stopping, versions, and handles. */

enum { NO_GPUS = 1, NO_ATTACH = 2 };

/* Whether this process may use a device, by the node /dev/nvidiaN: 0, NOT_FOUND or NO_PERMISSION.
   Where there is no /dev/nvidiactl, no nodes were given and all devices are visible. A node whose
   driver is not there (ENXIO) was given. */
static int visibility(u32 minor) {
  char path[32] = "/dev/nvidia";
  if (kernel(SYS_faccessat, AT_FDCWD, (long)"/dev/nvidiactl", 0, 0, 0, 0) == NO_ENTRY) return SUCCESS;
  path[11 + decimal(path + 11, minor)] = 0;
  long file = kernel(SYS_openat, AT_FDCWD, (long)path, CLOSE_ON_EXEC | 02 | 04000, 0, 0, 0);
  if (file >= 0) kernel(SYS_close, file, 0, 0, 0, 0, 0);
  if (file == NO_ENTRY) return NOT_FOUND;
  return file == NOT_PERMITTED || file == NO_ACCESS ? NO_PERMISSION : SUCCESS;
}
/* The devices of this process, in NVML's order. Asked for anew when devices or time moved on. */
struct sight { u32 count; u8 records[64], permitted[64]; };
static struct sight sights[2];
static u32 sight_place, sight_lock, sight_process, sight_number;
static void look(struct sight *to) {
  u32 order[64], count = 0;
  READ_NODE {
    count = r->count < 64 ? r->count : 64;
    memcpy(order, r->order, sizeof order);
  }
  to->count = 0;
  for (u32 i = 0; i < count; i++) {
    const struct gpu_slot *slot = &STATE->devices[order[i] & 63];
    int seen = visibility(slot->copies[number_of(&slot->number) & 1].minor);
    if (seen == NOT_FOUND) continue;
    to->records[to->count] = (u8)order[i];
    to->permitted[to->count++] = seen == SUCCESS;
  }
}
static const struct sight *in_sight(void) {
  u32 number = number_of(&STATE->structure) + 1;
  if (__atomic_load_n(&sight_number, __ATOMIC_ACQUIRE) != number || sight_process != process_id()) {
    lock(&sight_lock);
    u32 next = 1 - sight_place;
    look(&sights[next]);
    __atomic_store_n(&sight_place, next, __ATOMIC_RELEASE);
    sight_process = process_id();
    __atomic_store_n(&sight_number, number, __ATOMIC_RELEASE);
    unlock(&sight_lock);
  }
  return &sights[__atomic_load_n(&sight_place, __ATOMIC_ACQUIRE)];
}

static int body_start_with_flags(struct call *c, u32 flags) {
  u32 result = 0, delay = 0;
  (void)c;
  READ_NODE { result = r->init_result; delay = r->init_delay_us; }
  if (delay) sleep_us(delay);
  if (result) return (int)result;
  lock(&init_lock);
  if (!references) {
    sight_number = 0;
    if (!in_sight()->count && !(flags & NO_GPUS)) result = DRIVER_NOT_LOADED;
  }
  if (!result) __atomic_fetch_add(&references, 1, __ATOMIC_RELEASE);
  unlock(&init_lock);
  return (int)result;
}
static int body_start(struct call *c) { return body_start_with_flags(c, 0); }
static int body_shut_down(struct call *c) {
  int result = SUCCESS;
  (void)c;
  lock(&init_lock);
  if (references) __atomic_fetch_sub(&references, 1, __ATOMIC_RELEASE);
  else result = UNINITIALIZED;
  unlock(&init_lock);
  return result;
}
static int body_driver_version(struct call *c, char *version, u32 length) {
  int result = 0;
  (void)c;
  if (!version) return INVALID_ARGUMENT;
  READ_NODE { result = copy_text(version, length, r->driver_version, 80); }
  return result;
}
static int body_nvml_version(struct call *c, char *version, u32 length) {
  int result = 0;
  (void)c;
  if (!version) return INVALID_ARGUMENT;
  READ_NODE { result = copy_text(version, length, r->nvml_version, 80); }
  return result;
}
static int body_driver_branch(struct call *c, nvmlSystemDriverBranchInfo_v1_t *info, u32 length) {
  int result = 0;
  (void)c;
  if (!info) return INVALID_ARGUMENT;
  if (info->version != nvmlSystemDriverBranchInfo_v1) return ARGUMENT_VERSION_MISMATCH;
  if (length > sizeof info->branch) length = sizeof info->branch;
  READ_NODE { result = copy_text(info->branch, length, r->driver_branch, 80); }
  return result;
}
static int body_cuda_version(struct call *c, i32 *version) {
  (void)c;
  if (!version) return INVALID_ARGUMENT;
  READ_NODE { *version = (i32)r->cuda; }
  return SUCCESS;
}
static int body_process_name(struct call *c, u32 pid, char *name, u32 length) {
  char path[32] = "/proc/", line[512];
  u32 n = 6 + decimal(path + 6, pid);
  (void)c;
  if (!name || !length) return INVALID_ARGUMENT;
  memcpy(path + n, "/cmdline", 9);
  long count = read_file(path, line, sizeof line - 1);
  if (count < 0) return NOT_FOUND;
  line[count] = 0;
  u32 size = length_of(line);
  /* A name that does not fit is cut; a kernel thread has none. */
  if (size + 1 > length) size = length - 1;
  memcpy(name, line, size);
  name[size] = 0;
  return SUCCESS;
}

static int body_no_units(struct call *c, u32 *count) { (void)c; if (!count) return INVALID_ARGUMENT; *count = 0; return SUCCESS; }
static int body_no_unit(struct call *c, u32 index, handle *unit) { (void)c; (void)index; (void)unit; return INVALID_ARGUMENT; }
static int body_no_hics(struct call *c, u32 *count, nvmlHwbcEntry_t *entries) { (void)c; (void)entries; if (!count) return INVALID_ARGUMENT; *count = 0; return SUCCESS; }
static int body_none_excluded(struct call *c, u32 *count) { (void)c; if (!count) return INVALID_ARGUMENT; *count = 0; return SUCCESS; }
static int body_not_excluded(struct call *c, u32 index, void *info) { (void)c; (void)index; (void)info; return INVALID_ARGUMENT; }
static int body_no_confidential_state(struct call *c, nvmlConfComputeSystemState_t *state) {
  (void)c;
  if (!state) return INVALID_ARGUMENT;
  memset(state, 0, sizeof *state);
  return SUCCESS;
}
static int body_no_confidential_capabilities(struct call *c, nvmlConfComputeSystemCaps_t *caps) {
  (void)c;
  if (!caps) return INVALID_ARGUMENT;
  memset(caps, 0, sizeof *caps);
  return SUCCESS;
}
static int body_none_ready(struct call *c, u32 *accepting) { (void)c; if (!accepting) return INVALID_ARGUMENT; *accepting = 0; return SUCCESS; }

/* Handles. */
static int give_handle(struct call *c, u32 record, int permitted, handle *to) {
  const struct gpu_slot *slot = &STATE->devices[record];
  if (!permitted) return NO_PERMISSION;
  c->record = record;
  /* Rules for one device concern also those who ask for its handle. */
  int result = watched(RULES) ? obey_rules(c, 1) : SUCCESS;
  if (result) return result;
  if (slot->copies[number_of(&slot->number) & 1].lost) return GPU_IS_LOST;
  *to = device_handle(record);
  return SUCCESS;
}
static int body_device_count(struct call *c, u32 *count) {
  (void)c;
  if (!count) return INVALID_ARGUMENT;
  *count = in_sight()->count;
  return SUCCESS;
}
static int body_handle_by_index(struct call *c, u32 index, handle *device) {
  const struct sight *seen = in_sight();
  if (!device || index >= seen->count) return INVALID_ARGUMENT;
  return give_handle(c, seen->records[index], seen->permitted[index], device);
}
static int handle_by_text(struct call *c, const char *text, handle *device, u32 offset, u32 size) {
  const struct sight *seen = in_sight();
  for (u32 i = 0; i < seen->count; i++) {
    const struct gpu_slot *slot = &STATE->devices[seen->records[i]];
    char own[96];
    READ_RECORD(gpu, slot) { memcpy(own, (const char *)r + offset, size); }
    if (own[0] && same_text(own, text, size)) return give_handle(c, seen->records[i], seen->permitted[i], device);
  }
  return NOT_FOUND;
}
static int body_handle_by_serial(struct call *c, const char *serial, handle *device) {
  (void)c;
  if (!serial || !device) return INVALID_ARGUMENT;
  return handle_by_text(c, serial, device, __builtin_offsetof(struct gpu, serial), 32);
}
/* `MIG-<uuid>`, or in the old form `MIG-GPU-<uuid of the GPU>/<gi>/<ci>`. */
static int handle_by_mig_uuid(const char *uuid, handle *device) {
  const struct sight *seen = in_sight();
  for (u32 i = 0; i < seen->count; i++) {
    const struct gpu_slot *slot = &STATE->devices[seen->records[i]];
    handle found = 0;
    int lost = 0;
    READ_RECORD(gpu, slot) {
      found = 0;
      lost = r->lost != 0;
      u32 own = length_of(r->uuid);
      for (u32 k = 0; k < r->compute_instances_count && k < COUNT_OF(r->compute_instances); k++) {
        const struct compute_instance *one = &r->compute_instances[k];
        int same = same_text(one->uuid, uuid, sizeof one->uuid);
        if (!same && same_text("MIG-", uuid, 4) && same_text(r->uuid, uuid + 4, own)) {
          char tail[24] = "/";
          u32 n = 1 + decimal(tail + 1, one->gi);
          tail[n++] = '/';
          tail[n + decimal(tail + n, one->id)] = 0;
          same = same_text(tail, uuid + 4 + own, sizeof tail);
        }
        if (same) found = mig_handle(seen->records[i], one->gi, one->id);
      }
    }
    if (!found) continue;
    if (lost) return GPU_IS_LOST;
    if (!seen->permitted[i]) return NO_PERMISSION;
    *device = found;
    return SUCCESS;
  }
  return NOT_FOUND;
}
static int body_handle_by_uuid(struct call *c, const char *uuid, handle *device) {
  (void)c;
  if (!uuid || !device) return INVALID_ARGUMENT;
  int result = handle_by_text(c, uuid, device, __builtin_offsetof(struct gpu, uuid), 96);
  return result == NOT_FOUND ? handle_by_mig_uuid(uuid, device) : result;
}
static u32 nibble(char c) { return c <= '9' ? (u32)(c - '0') : (u32)(lower(c) - 'a' + 10); }
static int is_hex(char c) { c = lower(c); return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
static int body_handle_by_uuid_of_type(struct call *c, const nvmlUUID_v1_t *uuid, handle *device) {
  char text[48] = "GPU-";
  u32 n = 4;
  if (!uuid || !device) return INVALID_ARGUMENT;
  if (uuid->version != nvmlUUID_v1) return ARGUMENT_VERSION_MISMATCH;
  if (uuid->type == 1) {
    memcpy(text, uuid->value.str, 41);
    text[41] = 0;
    return body_handle_by_uuid(c, text, device);
  }
  if (uuid->type != 2) return INVALID_ARGUMENT;
  for (u32 i = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text[n++] = '-';
    text[n++] = "0123456789abcdef"[uuid->value.bytes[i] >> 4];
    text[n++] = "0123456789abcdef"[uuid->value.bytes[i] & 15];
  }
  text[n] = 0;
  return body_handle_by_uuid(c, text, device);
}
/* `domain:bus:device.function`, the domain with any number of digits or left out, in any case. */
static int parse_bus_id(const char *text, u32 parts[4]) {
  u32 values[3], count = 0;
  parts[0] = parts[3] = 0;
  for (;;) {
    u32 value = 0, digits = 0;
    while (is_hex(*text) && digits < 9) value = value << 4 | nibble(*text++), digits++;
    if (!digits || digits > 8 || count == 3) return 0;
    values[count++] = value;
    if (*text != ':') break;
    text++;
  }
  if (count < 2) return 0;
  if (*text == '.') {
    if (!is_hex(text[1]) || text[2]) return 0;
    parts[3] = nibble(text[1]);
  } else if (*text) return 0;
  if (count == 3) parts[0] = values[0];
  parts[1] = values[count - 2];
  parts[2] = values[count - 1];
  return 1;
}
static int body_handle_by_bus_id(struct call *c, const char *text, handle *device) {
  const struct sight *seen = in_sight();
  u32 parts[4];
  (void)c;
  if (!text || !device) return INVALID_ARGUMENT;
  if (!parse_bus_id(text, parts)) return INVALID_ARGUMENT;
  for (u32 i = 0; i < seen->count; i++) {
    const struct gpu_slot *slot = &STATE->devices[seen->records[i]];
    int same = 0;
    READ_RECORD(gpu, slot) {
      same = r->pci.domain == parts[0] && r->pci.bus == parts[1] && r->pci.device == parts[2] && !parts[3];
    }
    if (same) return give_handle(c, seen->records[i], seen->permitted[i], device);
  }
  return NOT_FOUND;
}
