/* The command line. */
static int help(void) {
  print("NVIDIA System Management Interface -- v%s (emulated by Drawplate)\n\n", VERSION);
  print("    nvidia-smi [OPTION...]\n\n");
  print("  -h                        this text\n  --version                 versions of program, library and driver\n");
  print("  -L, --list-gpus           the GPUs and their MIG devices\n  -i, --id=LIST             only these: indices, UUIDs, bus ids\n");
  print("  -q, --query               everything about the GPUs; with -x as XML\n  --query-gpu=FIELDS        chosen fields; needs --format\n");
  print("  --query-compute-apps=FIELDS   fields of running programs\n  --format=csv[,noheader][,nounits]\n");
  print("  --help-query-gpu  --help-query-compute-apps   the fields that there are\n");
  print("  -pm 0|1  -e 0|1  -p 0|1  -c MODE  -am 0|1  -caa  -pl WATTS\n  -lgc MIN,MAX  -rgc  -lmc MIN,MAX  -rmc  -ac MEM,GRAPHICS  -rac\n");
  print("  -mig 0|1  -r, --gpu-reset\n\n  nvidia-smi mig -h | topo -m | compute-policy -i LIST --set-timeslice default|short|medium|long\n");
  return 0;
}
/* An option, and the words that mean it; `value`: it takes one. */
static const struct option { char letter; const char *name, *other; int value; } options[] = {
  {'h', "-h", "--help", 0}, {'v', "--version", "--version", 0}, {'L', "-L", "--list-gpus", 0}, {'i', "-i", "--id", 1},
  {'q', "-q", "--query", 0}, {'x', "-x", "--xml-format", 0}, {'d', "-d", "--display", 1}, {'G', "--query-gpu", "--query-gpu", 1},
  {'A', "--query-compute-apps", "--query-compute-apps", 1}, {'f', "--format", "--format", 1}, {'l', "-l", "--loop", 1},
  {'c', "-c", "--compute-mode", 1}, {'P', "-pm", "--persistence-mode", 1}, {'w', "-pl", "--power-limit", 1},
  {'e', "-e", "--ecc-config", 1}, {'p', "-p", "--reset-ecc-errors", 1}, {'a', "-am", "--accounting-mode", 1},
  {'C', "-caa", "--clear-accounted-apps", 0}, {'F', "--help-query-gpu", "--help-query-gpu", 0},
  {'H', "--help-query-compute-apps", "--help-query-compute-apps", 0}, {'m', "-mig", "--multi-instance-gpu", 1}, {'r', "-r", "--gpu-reset", 0},
  {'1', "-lgc", "--lock-gpu-clocks", 1}, {'2', "-rgc", "--reset-gpu-clocks", 0}, {'3', "-lmc", "--lock-memory-clocks", 1},
  {'4', "-rmc", "--reset-memory-clocks", 0}, {'5', "-ac", "--applications-clocks", 1}, {'6', "-rac", "--reset-applications-clocks", 0},
};
static const struct option *option_of(const char *word, const char **value) {
  for (u32 i = 0; i < COUNT_OF(options); i++) {
    const struct option *one = &options[i];
    const char *rest = after(word, one->other), *given = after(word, one->name);
    if (same(word, one->name) || same(word, one->other)) return one;
    if (one->value && rest && *rest == '=') return *value = rest + 1, one;
    if (one->value && given && *given == '=') return *value = given + 1, one;
  }
  return 0;
}
/* In the shape that programs search for names: after an empty line, in quotes, other names beside it. */
static int list_fields(void) {
  print("List of valid properties to query for the switch \"--query-gpu\":\n");
  for (u32 i = 0; i < COUNT_OF(fields); i++) {
    int other = i && fields[i].read == fields[i - 1].read;
    if (fields[i].name[0] == '-') continue;
    print("%s\"%s\"", other ? " or " : "\n", fields[i].name);
    if (i + 1 == COUNT_OF(fields) || fields[i].read != fields[i + 1].read) print("\n");
  }
  return 0;
}
static int list_app_fields(void) {
  for (u32 i = 0; i < COUNT_OF(app_columns); i++) print("\"%s\"\n", app_columns[i]);
  return 0;
}
static int clear_accounts(void) {
  EACH_GPU(g)
    if (!failed_to("clear accounted apps", g, CALL(nvmlDeviceClearAccountingPids, g->device)))
      print("Cleared accounted apps for GPU %s.\n", g->bus_id);
  return all_done();
}
static int act(char what, const char *value, const char *how) {
  switch (what) {
    case 'L': return list_gpus();
    case 'q': return show_details();
    case 'x': return show_xml();
    case 'G': return query_gpu(value, csv_of(how ? how : ""));
    case 'A': return query_apps(value, csv_of(how ? how : ""));
    case 'c': return set_compute_mode(value);
    case 'P': return set_persistence(value);
    case 'w': return set_power_limit(value);
    case 'e': return set_ecc(value);
    case 'p': return clear_ecc(value);
    case 'a': return set_accounting(value);
    case 'C': return clear_accounts();
    case 'm': return set_mig(value);
    case 'r': return reset_gpus();
    case '1': return lock_clocks(value, 0);
    case '2': return unlock_clocks(0);
    case '3': return lock_clocks(value, 1);
    case '4': return unlock_clocks(1);
    case '5': return set_applications_clocks(value);
    case '6': return reset_applications_clocks();
  }
  return show_table();
}
static int run(int count, char **words) {
  const char *list = 0, *how = 0, *given = 0, *pause = 0;
  char what = 0;
  int xml = 0;
  if (count > 1) called_as = words[1];
  if (count > 1 && same(words[1], "mig")) return mig(count - 2, words + 2);
  if (count > 1 && same(words[1], "topo")) return show_topology(count - 2, words + 2);
  if (count > 1 && same(words[1], "compute-policy")) return compute_policy(count - 2, words + 2);
  for (int i = 1; i < count; i++) {
    const char *value = 0;
    const struct option *one = option_of(words[i], &value);
    if (one && one->value && !value && i + 1 < count) value = words[++i];
    if (!one || (one->value && !value)) {
      print("Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.\n");
      return 2;
    }
    if (one->letter == 'h') return help();
    if (one->letter == 'i') list = value;
    else if (one->letter == 'f') how = value;
    else if (one->letter == 'l') pause = value;
    else if (one->letter == 'x') xml = 1;
    else if (one->letter == 'F') return list_fields();
    else if (one->letter == 'H') return list_app_fields();
    else if (one->letter != 'd') what = one->letter, given = value;
  }
  begin();
  if (what == 'v') return show_version();
  if (xml && what != 'q') {
    print("-x goes with -q\n");
    return 2;
  }
  choose(list);
  for (;;) {
    int result = act(xml ? 'x' : what, given, how);
    if (!pause || result) return result;
    flush();
    i64 left[2] = {(i64)value_in(pause), 0};
    kernel(SYS_nanosleep, (long)left, 0, 0, 0, 0, 0);
  }
}
