/* Memory errors and what was done about them. */

static int body_detailed_ecc_errors(struct call *c, u32 type, u32 counter, nvmlEccErrorCounts_t *counts) {
  u64 places[9];
  u32 mode = 0;
  if (!counts || type > 1 || counter > 1) return INVALID_ARGUMENT;
  READ(c) {
    mode = r->ecc_mode;
    memcpy(places, &r->ecc_errors[type * 18 + counter * 9], sizeof places);
  }
  if (mode != 1) return NOT_SUPPORTED;
  counts->l1Cache = places[1];
  counts->l2Cache = places[2];
  counts->deviceMemory = places[3];
  counts->registerFile = places[4];
  return SUCCESS;
}
static int body_sram_status(struct call *c, nvmlEccSramErrorStatus_v1_t *status) {
  u32 mode = 0, known = 0;
  if (!status) return INVALID_ARGUMENT;
  if (status->version != nvmlEccSramErrorStatus_v1) return ARGUMENT_VERSION_MISMATCH;
  nvmlEccSramErrorStatus_v1_t found;
  READ(c) {
    mode = r->ecc_mode, known = r->rows_supported;
    memset(&found, 0, sizeof found);
    found.volatileCor = r->ecc_errors[8];
    found.aggregateCor = r->ecc_errors[9 + 8];
    found.volatileUncSecDed = r->ecc_errors[18 + 8];
    found.aggregateUncSecDed = r->ecc_errors[27 + 8];
    found.aggregateUncBucketSm = r->ecc_errors[27 + 8];
    found.bThresholdExceeded = r->ecc_sram_exceeded;
  }
  if (mode != 1 || !known) return NOT_SUPPORTED;
  found.version = status->version;
  *status = found;
  return SUCCESS;
}
static int retired(struct call *c, u32 cause, u32 *count, u64 *addresses, u64 *times) {
  u64 found[64];
  u32 there = 0, rows = 0, mode = 0;
  if (!count || cause > 1) return INVALID_ARGUMENT;
  READ(c) {
    there = r->retired_count[cause] < 64 ? r->retired_count[cause] : 64;
    memcpy(found, &r->retired[cause * 64], sizeof found);
    rows = r->rows_supported, mode = r->ecc_mode;
  }
  if (rows || mode == ABSENT_32) return NOT_SUPPORTED;
  u32 room = addresses ? *count : 0;
  *count = there;
  if (there > room) return INSUFFICIENT_SIZE;
  for (u32 i = 0; i < there; i++) {
    addresses[i] = found[i];
    if (times) times[i] = 0;
  }
  return SUCCESS;
}
static int body_retired_pages(struct call *c, u32 cause, u32 *count, u64 *addresses) { return retired(c, cause, count, addresses, 0); }
static int body_retired_pages_v2(struct call *c, u32 cause, u32 *count, u64 *addresses, u64 *times) {
  return retired(c, cause, count, addresses, times);
}
