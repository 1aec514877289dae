/* Values that take more than one call, or words of their own. */
static int field_none(struct gpu *g, struct cell *to) {
  (void)g, (void)to;
  return NOT_SUPPORTED;
}
static void show_word(struct cell *to, const char *const *words, u32 count, u64 value) {
  write_text(to->text, sizeof to->text, "%s", value < count ? words[value] : "Unknown");
}
static void show_yes(struct cell *to, u64 value) { write_text(to->text, sizeof to->text, "%s", value ? "Yes" : "No"); }
/* nvml.h, nvmlDeviceAddressingModeType_t. */
static int field_addressing_mode(struct gpu *g, struct cell *to) {
  static const char *const words[] = {"None", "HMM", "ATS"};
  nvmlDeviceAddressingMode_v1_t mode = {.version = nvmlDeviceAddressingMode_v1};
  int result = CALL(nvmlDeviceGetAddressingMode, g->device, &mode);
  show_word(to, words, COUNT_OF(words), mode.value);
  return result;
}
/* One of the values of nvmlDeviceGetFieldValues. */
static int field_value(struct gpu *g, u32 number, u64 *value) {
  nvmlFieldValue_t one = {.fieldId = number};
  int result = CALL(nvmlDeviceGetFieldValues, g->device, 1, &one);
  *value = one.value.uiVal;
  return result ? result : (int)one.nvmlReturn;
}
static int encoder_stat(struct gpu *g, struct cell *to, u32 which) {
  u32 all[3] = {0, 0, 0};
  int result = CALL(nvmlDeviceGetEncoderStats, g->device, &all[0], &all[1], &all[2]);
  plain(to, all[which]);
  return result;
}
static int field_encoder_sessions(struct gpu *g, struct cell *to) { return encoder_stat(g, to, 0); }
static int field_encoder_rate(struct gpu *g, struct cell *to) { return encoder_stat(g, to, 1); }
static int field_encoder_latency(struct gpu *g, struct cell *to) { return encoder_stat(g, to, 2); }
static int field_margin(struct gpu *g, struct cell *to) {
  nvmlMarginTemperature_v1_t margin = {.version = nvmlMarginTemperature_v1};
  int result = CALL(nvmlDeviceGetMarginTemperature, g->device, &margin);
  write_text(to->text, sizeof to->text, "%d", margin.marginTemperature);
  return result;
}
/* nvml.h, nvmlPageRetirementCause_t: 0 several single-bit errors, 1 one double-bit error. */
static int retired_pages(struct gpu *g, struct cell *to, u32 cause) {
  u32 count = 0;
  int result = CALL(nvmlDeviceGetRetiredPages, g->device, cause, &count, 0);
  plain(to, count);
  return result == INSUFFICIENT_SIZE ? 0 : result;
}
static int field_retired_single(struct gpu *g, struct cell *to) { return retired_pages(g, to, 0); }
static int field_retired_double(struct gpu *g, struct cell *to) { return retired_pages(g, to, 1); }
static int remapped_rows(struct gpu *g, struct cell *to, u32 which) {
  u32 all[4] = {0, 0, 0, 0};
  int result = CALL(nvmlDeviceGetRemappedRows, g->device, &all[0], &all[1], &all[2], &all[3]);
  if (which < 2) plain(to, all[which]);
  else write_text(to->text, sizeof to->text, "%s", all[which] ? "Yes" : "No");
  return result;
}
static int field_remapped_correctable(struct gpu *g, struct cell *to) { return remapped_rows(g, to, 0); }
static int field_remapped_uncorrectable(struct gpu *g, struct cell *to) { return remapped_rows(g, to, 1); }
static int field_remapped_pending(struct gpu *g, struct cell *to) { return remapped_rows(g, to, 2); }
static int field_remapped_failure(struct gpu *g, struct cell *to) { return remapped_rows(g, to, 3); }

static int field_fabric_state(struct gpu *g, struct cell *to) {
  static const char *const words[] = {"N/A", "Not Started", "In Progress", "Completed"};
  nvmlGpuFabricInfo_t all = {.state = 0};
  int result = CALL(nvmlDeviceGetGpuFabricInfo, g->device, &all);
  show_word(to, words, COUNT_OF(words), all.state);
  return result;
}
static int field_fabric_status(struct gpu *g, struct cell *to) {
  nvmlGpuFabricInfo_t all = {.state = 0};
  int result = CALL(nvmlDeviceGetGpuFabricInfo, g->device, &all);
  write_text(to->text, sizeof to->text, "%s", all.state < 3 ? "N/A" : all.status ? error_text((int)all.status) : "Success");
  return result;
}
/* nvml.h, NVML_FI_DEV_GET_GPU_RECOVERY_ACTION. */
static int field_recovery_action(struct gpu *g, struct cell *to) {
  static const char *const words[] = {"None", "Reset", "Reboot", "Drain P2P", "Drain and Reset"};
  u64 value = 0;
  int result = field_value(g, 230, &value);
  show_word(to, words, COUNT_OF(words), value);
  return result;
}
/* nvml.h, nvmlBrandType_t. */
static int field_brand(struct gpu *g, struct cell *to) {
  static const char *const words[] = {
    "Unknown", "Quadro", "Tesla", "NVS", "GRID", "GeForce", "Titan", "NVIDIA Virtual Applications", "NVIDIA Virtual PC",
    "NVIDIA RTX Virtual Workstation", "NVIDIA Virtual Compute Server", "NVIDIA Virtual Gaming", "Quadro RTX", "NVIDIA RTX", "NVIDIA", "GeForce RTX", "Titan RTX",
  };
  u32 value = 0;
  int result = CALL(nvmlDeviceGetBrand, g->device, &value);
  show_word(to, words, COUNT_OF(words), value);
  return result;
}
/* nvml.h, NVML_DEVICE_ARCH_*. */
static int field_architecture(struct gpu *g, struct cell *to) {
  static const char *const words[] = {
    "Unknown", "Unknown", "Kepler", "Maxwell", "Pascal", "Volta", "Turing", "Ampere", "Ada Lovelace", "Hopper", "Blackwell",
  };
  u32 value = 0;
  int result = CALL(nvmlDeviceGetArchitecture, g->device, &value);
  show_word(to, words, COUNT_OF(words), value);
  return result;
}
