/* NVLink and the NVLink domain. */

static u64 nvlink_total(const struct gpu *r, u32 which) {
  u64 sum = 0;
  for (u32 i = 0; i < r->nvlink_links && i < 18; i++) sum += r->nvlink_errors[i * 5 + which];
  return sum;
}
static u32 nvlink_to_switch(const struct gpu *r) {
  u32 count = 0;
  for (u32 i = 0; i < r->nvlink_links && i < 18; i++) count += r->nvlink_remote[i].kind == 2 && r->nvlink_active[i];
  return count;
}
/* Whether the device has the link: NOT_SUPPORTED without any NVLink, INVALID_ARGUMENT beyond them. */
static int link_there(struct call *c, u32 link) {
  u32 links = 0;
  READ(c) { links = r->nvlink_links; }
  return !links ? NOT_SUPPORTED : link < links ? SUCCESS : INVALID_ARGUMENT;
}
static int body_nvlink_state(struct call *c, u32 link, u32 *active) {
  if (!active) return INVALID_ARGUMENT;
  int result = link_there(c, link);
  if (!result) READ(c) { *active = r->nvlink_active[link]; }
  return result;
}
static int body_nvlink_version(struct call *c, u32 link, u32 *version) {
  if (!version) return INVALID_ARGUMENT;
  int result = link_there(c, link);
  if (!result) READ(c) { *version = r->nvlink_version; }
  return result;
}
static int body_nvlink_capability(struct call *c, u32 link, u32 capability, u32 *there) {
  if (!there || capability > 5) return INVALID_ARGUMENT;
  int result = link_there(c, link);
  /* P2P, system memory, P2P and system memory atomics; no SLI bridge; valid. */
  if (!result) *there = capability != 4;
  return result;
}
static int body_nvlink_remote(struct call *c, u32 link, nvmlPciInfo_t *pci) {
  struct remote found;
  u32 active = 0;
  if (!pci) return INVALID_ARGUMENT;
  int result = link_there(c, link);
  if (result) return result;
  READ(c) { found = r->nvlink_remote[link]; active = r->nvlink_active[link]; }
  if (!active) return NOT_SUPPORTED;
  memset(pci, 0, sizeof *pci);
  pci->domain = found.domain, pci->bus = found.bus, pci->device = found.device;
  pci->pciDeviceId = found.pci_device_id, pci->pciSubSystemId = found.subsystem_id;
  static const char hex[] = "0123456789ABCDEF";
  u32 n = 0;
  for (int shift = 28; shift >= 0; shift -= 4) pci->busId[n++] = hex[found.domain >> shift & 15];
  pci->busId[n++] = ':', pci->busId[n++] = hex[found.bus >> 4 & 15], pci->busId[n++] = hex[found.bus & 15];
  pci->busId[n++] = ':', pci->busId[n++] = hex[found.device >> 4 & 15], pci->busId[n++] = hex[found.device & 15];
  pci->busId[n++] = '.', pci->busId[n++] = '0';
  memcpy(pci->busIdLegacy, pci->busId + 4, 13);
  return SUCCESS;
}
static int body_nvlink_remote_type(struct call *c, u32 link, u32 *type) {
  u32 found = 0, active = 0;
  if (!type) return INVALID_ARGUMENT;
  int result = link_there(c, link);
  if (result) return result;
  READ(c) { found = r->nvlink_remote[link].kind; active = r->nvlink_active[link]; }
  *type = active ? found : 255;
  return SUCCESS;
}
static int body_nvlink_error(struct call *c, u32 link, u32 counter, u64 *value) {
  if (!value || counter > 4) return INVALID_ARGUMENT;
  int result = link_there(c, link);
  if (!result) READ(c) { *value = r->nvlink_errors[link * 5 + counter]; }
  return result;
}

struct fabric { u8 uuid[16]; u32 supported, state, status, clique, health, summary; };
static int fabric_of(struct call *c, struct fabric *to) {
  READ(c) {
    memcpy(to->uuid, r->fabric_uuid, 16);
    to->supported = r->fabric_supported, to->state = r->fabric_state, to->status = r->fabric_status;
    to->clique = r->fabric_clique, to->health = r->fabric_health, to->summary = r->fabric_summary;
  }
  return to->supported ? SUCCESS : NOT_SUPPORTED;
}
static int body_fabric_info(struct call *c, nvmlGpuFabricInfo_t *info) {
  struct fabric found;
  if (!info) return INVALID_ARGUMENT;
  int result = fabric_of(c, &found);
  if (result) return result;
  memcpy(info->clusterUuid, found.uuid, 16);
  info->status = found.status, info->cliqueId = found.clique, info->state = found.state;
  return SUCCESS;
}
/* Writes version 2 or 3, whichever the caller declared. */
static int body_fabric_info_versioned(struct call *c, nvmlGpuFabricInfo_v3_t *info) {
  struct fabric found;
  if (!info) return INVALID_ARGUMENT;
  u32 version = info->version;
  if (version != nvmlGpuFabricInfo_v2 && version != nvmlGpuFabricInfo_v3) return ARGUMENT_VERSION_MISMATCH;
  int result = fabric_of(c, &found);
  if (result) return result;
  memcpy(info->clusterUuid, found.uuid, 16);
  info->status = found.status, info->cliqueId = found.clique, info->state = found.state;
  info->healthMask = found.health;
  if (version == nvmlGpuFabricInfo_v3) info->healthSummary = (u8)found.summary;
  return SUCCESS;
}
static int body_fabric_info_v4(struct call *c, nvmlGpuFabricInfo_v4_t *info) {
  struct fabric found;
  if (!info) return INVALID_ARGUMENT;
  int result = fabric_of(c, &found);
  if (result) return result;
  memset(info, 0, sizeof *info);
  memcpy(info->clusterUuid, found.uuid, 16);
  info->status = found.status, info->state = found.state;
  info->cliques[0].id = found.clique, info->numCliques = 1;
  info->healthMask = found.health, info->healthSummary = (u8)found.summary;
  return SUCCESS;
}
