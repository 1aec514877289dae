/* What the program sets: modes, limits, clocks, time slices, and resets. */
static void ended_early(int result) {
  print("Terminating early due to previous errors.\n");
  leave(exit_code(result));
}
/* Refusals because the model lacks the feature are warnings; all others end the command. */
static int failed_to(const char *what, struct gpu *g, int result) {
  if (!result) return 0;
  print("Unable to %s for GPU %s: %s\n", what, g->bus_id, error_text(result));
  if (result != NOT_SUPPORTED) ended_early(result);
  print("Treating as warning and moving on.\n");
  return 1;
}
static int all_done(void) {
  print("All done.\n");
  return 0;
}
static u32 switch_in(const char *text) {
  if (same(text, "0") || same_but_case(text, "disabled")) return 0;
  if (same(text, "1") || same_but_case(text, "enabled")) return 1;
  print("\"%s\" is neither 0 nor 1\n", text);
  leave(2);
  return 0;
}
static u32 value_in(const char *text) {
  u32 value = 0;
  if (!number_in(text, &value)) {
    print("\"%s\" is not a number\n", text);
    leave(2);
  }
  return value;
}
static const struct { const char *name; u32 mode; } compute_mode_names[] = {
  {"DEFAULT", 0}, {"EXCLUSIVE_THREAD", 1}, {"PROHIBITED", 2}, {"EXCLUSIVE_PROCESS", 3}, {"0", 0}, {"1", 1}, {"2", 2}, {"3", 3},
};
static int set_compute_mode(const char *text) {
  for (u32 i = 0; i < COUNT_OF(compute_mode_names); i++) {
    if (!same_but_case(text, compute_mode_names[i].name)) continue;
    u32 mode = compute_mode_names[i].mode;
    EACH_GPU(g)
      if (!failed_to("set the compute mode", g, CALL(nvmlDeviceSetComputeMode, g->device, mode)))
        print("Set compute mode to %s for GPU %s.\n", compute_mode_names[mode].name, g->bus_id);
    return all_done();
  }
  print("\"%s\" is not a compute mode\n", text);
  return 2;
}
static int set_persistence(const char *text) {
  u32 on = switch_in(text);
  EACH_GPU(g)
    if (!failed_to("set persistence mode", g, CALL(nvmlDeviceSetPersistenceMode, g->device, on)))
      print("%s persistence mode for GPU %s.\n", on ? "Enabled" : "Disabled", g->bus_id);
  return all_done();
}
static int set_ecc(const char *text) {
  u32 on = switch_in(text);
  EACH_GPU(g)
    if (!failed_to("set ECC mode", g, CALL(nvmlDeviceSetEccMode, g->device, on)))
      print("%s ECC support for GPU %s; it takes effect with the next reset.\n", on ? "Enabled" : "Disabled", g->bus_id);
  return all_done();
}
static int clear_ecc(const char *text) {
  u32 kind = same_but_case(text, "volatile") ? 0 : same_but_case(text, "aggregate") ? 1 : value_in(text);
  EACH_GPU(g)
    if (!failed_to("clear the ECC errors", g, CALL(nvmlDeviceClearEccErrorCounts, g->device, kind)))
      print("Cleared %s ECC errors for GPU %s.\n", kind ? "aggregate" : "volatile", g->bus_id);
  return all_done();
}
static int set_accounting(const char *text) {
  u32 on = switch_in(text);
  EACH_GPU(g)
    if (!failed_to("set accounting mode", g, CALL(nvmlDeviceSetAccountingMode, g->device, on)))
      print("%s accounting mode for GPU %s.\n", on ? "Enabled" : "Disabled", g->bus_id);
  return all_done();
}
/* Watts, with or without a fraction, in milliwatts. */
static u32 milliwatts_in(const char *text) {
  char whole[16];
  const char *rest = next_word(text, ".", whole, sizeof whole);
  u32 value = value_in(whole) * 1000, place = 100;
  for (; rest && *rest >= '0' && *rest <= '9'; rest++, place /= 10) value += (u32)(*rest - '0') * place;
  return value;
}
static int set_power_limit(const char *text) {
  u32 wanted = milliwatts_in(text);
  EACH_GPU(g) {
    u32 before = 0;
    struct cell from, to;
    CALL(nvmlDeviceGetPowerManagementLimit, g->device, &before);
    int result = CALL(nvmlDeviceSetPowerManagementLimit, g->device, wanted);
    show_watts(&from, before);
    show_watts(&to, wanted);
    if (result == INVALID_ARGUMENT) print("Power limit %s W is outside what GPU %s allows.\n", to.text, g->bus_id);
    if (!failed_to("set the power limit", g, result))
      print("Power limit for GPU %s was set to %s W from %s W.\n", g->bus_id, to.text, from.text);
  }
  return all_done();
}
static int lock_clocks(const char *text, int memory) {
  char low[24];
  const char *rest = next_word(text, ",", low, sizeof low);
  u32 least = value_in(low), most = rest ? value_in(rest) : least;
  EACH_GPU(g)
    if (!failed_to("lock the clocks", g, memory ? CALL(nvmlDeviceSetMemoryLockedClocks, g->device, least, most)
                                               : CALL(nvmlDeviceSetGpuLockedClocks, g->device, least, most)))
      print("%s clocks set to \"(%sClkMin %u, %sClkMax %u)\" for GPU %s\n", memory ? "Memory" : "GPU",
            memory ? "mem" : "gpu", least, memory ? "mem" : "gpu", most, g->bus_id);
  return all_done();
}
static int unlock_clocks(int memory) {
  EACH_GPU(g)
    if (!failed_to("reset the clocks", g, memory ? CALL(nvmlDeviceResetMemoryLockedClocks, g->device)
                                                : CALL(nvmlDeviceResetGpuLockedClocks, g->device)))
      print("All done.\n");
  return 0;
}
static int set_applications_clocks(const char *text) {
  char memory[24];
  const char *graphics = next_word(text, ",", memory, sizeof memory);
  if (!graphics) {
    print("Application clocks are two numbers: memory, graphics\n");
    return 2;
  }
  EACH_GPU(g)
    if (!failed_to("set applications clocks", g, CALL(nvmlDeviceSetApplicationsClocks, g->device, value_in(memory), value_in(graphics))))
      print("Applications clocks set to \"(MEM %s, SM %s)\" for GPU %s\n", memory, graphics, g->bus_id);
  return all_done();
}
static int reset_applications_clocks(void) {
  EACH_GPU(g)
    if (!failed_to("reset applications clocks", g, CALL(nvmlDeviceResetApplicationsClocks, g->device)))
      print("All done.\n");
  return 0;
}
static int set_mig(const char *text) {
  u32 on = switch_in(text);
  const char *what = on ? "enable MIG Mode" : "disable MIG Mode", *state = on ? "enable" : "disable";
  EACH_GPU(g) {
    u32 status = 0;
    if (failed_to(what, g, CALL(nvmlDeviceSetMigMode, g->device, on, &status))) continue;
    if (!status) {
      print("%s MIG Mode for GPU %s\n", on ? "Enabled" : "Disabled", g->bus_id);
      continue;
    }
    print("Warning: MIG mode is in pending %s state for GPU %s:%s\n", state, g->bus_id, error_text((int)status));
    if (status == IN_USE) print("Other processes use %s; end them and try again.\n", g->bus_id);
    else print("Reboot the system or try nvidia-smi --gpu-reset to make MIG mode effective on GPU %s\n", g->bus_id);
  }
  return all_done();
}
