/* Resets and time slices, for which NVML has no function. */
static int ask(struct gpu *g, u32 what, u32 *value) {
  struct told answer;
  int result = tell(what, *value, g->uuid, &answer);
  if (!result && answer.size >= 4) *value = answer.values[0];
  return result;
}
static int reset_gpus(void) {
  int result = 0;
  EACH_GPU(g) {
    u32 unused = 0;
    int one = ask(g, RESET, &unused);
    if (!one) print("GPU %s was successfully reset.\n", g->bus_id);
    else print("GPU %s could not be reset: %s\n", g->bus_id, error_text(one));
    if (one) result = one;
  }
  if (result) return result == IN_USE ? 255 : exit_code(result);
  return all_done();
}
static const char *const time_slices[] = {"Default", "Short", "Medium", "Long"};
static u32 time_slice_in(const char *text) {
  for (u32 i = 0; i < COUNT_OF(time_slices); i++)
    if (same_but_case(text, time_slices[i])) return i;
  return value_in(text);
}
static int compute_policy(int count, char **words) {
  const char *list = 0, *slice = 0;
  int show = 0;
  for (int i = 0; i < count; i++) {
    const char *given = after(words[i], "--set-timeslice=");
    if (given) slice = given;
    else if ((same(words[i], "-i") || same(words[i], "--id")) && i + 1 < count) list = words[++i];
    else if (same(words[i], "--set-timeslice") && i + 1 < count) slice = words[++i];
    else if (same(words[i], "-l") || same(words[i], "--list")) show = 1;
    else {
      print("Invalid combination of input arguments. Please run 'nvidia-smi compute-policy -h' for help.\n");
      return 2;
    }
  }
  begin();
  choose(list);
  EACH_GPU(g) {
    u32 value = slice ? time_slice_in(slice) : 0;
    if (value >= COUNT_OF(time_slices)) {
      print("\"%s\" is not a time slice\n", slice);
      return 2;
    }
    int result = ask(g, slice ? SET_TIME_SLICE : GET_TIME_SLICE, &value);
    if (result) {
      print("Unable to %s the timeslice for GPU %s: %s\n", slice ? "set" : "get", g->bus_id, error_text(result));
      return exit_code(result);
    }
    if (slice) print("Set timeslice policy to %s for GPU %s.\n", time_slices[value], g->bus_id);
    else if (show) print("GPU %s\n    Timeslice                             : %s\n", g->bus_id, time_slices[value & 3]);
  }
  return slice ? all_done() : 0;
}
