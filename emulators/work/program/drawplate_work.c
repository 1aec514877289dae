/* drawplate-work: a program that works on an emulated GPU, for images that have nothing else.
   It says over the work socket what a CUDA program would do, and prints the answers. */
#include "talk.h"

struct option { const char *flag, *key; int is_text; const char *value; };

static struct option opening[] = {
  {"--device", "device", 1, ""}, {"--name", "name", 1, ""},
};
static struct option asked[] = {
  {"", "duration_ms", 0, 0}, {"--demand", "demand", 0, "100"}, {"--memory", "memory_mib", 0, "0"},
  {"--after", "after_ms", 0, "0"}, {"--every", "every_ms", 0, "0"}, {"--count", "count", 0, "1"},
  {"--jitter", "jitter_ms", 0, "0"},
};
static const char *socket_path;

static int usage(const char *what, const char *which) {
  fprintf(stderr,
          "drawplate-work: %s %s\n"
          "usage: drawplate-work MS [--device UUID] [--name NAME] [--demand PERCENT] [--memory MIB]\n"
          "         [--after MS] [--every MS] [--count N] [--jitter MS] [--socket PATH]\n"
          "Works MS milliseconds of a whole GPU, and prints what becomes of it as JSON.\n"
          "exit codes: 0 done, 1 refused or failed, 2 wrong use, 3 no emulated device\n",
          what, which);
  return 2;
}

static void print_text(FILE *to, const char *text) {
  fputc('"', to);
  for (; *text; text++) {
    if (*text == '"' || *text == '\\') fputc('\\', to);
    if ((unsigned char)*text < 32) fprintf(to, "\\u%04x", *text);
    else fputc(*text, to);
  }
  fputc('"', to);
}

static void print_options(FILE *to, const struct option *options, size_t count) {
  for (size_t i = 0; i < count; i++) {
    fprintf(to, ",\"%s\":", options[i].key);
    if (options[i].is_text) print_text(to, options[i].value);
    else fputs(options[i].value, to);
  }
}

/* Gives MiB of a limit such as `512M` or `10G`, or of `0=10G,1=…` for the first device. */
static long limit_mib(const char *text) {
  const char *sign = strchr(text, '=');
  char *unit;
  double value = strtod(sign ? sign + 1 : text, &unit);
  switch (*unit) {
    case 'G': case 'g': return (long)(value * 1024);
    case 'K': case 'k': return (long)(value / 1024);
    case 'M': case 'm': return (long)value;
    default: return value > 0 ? (long)(value / 1048576) : -1;
  }
}

/* As CUDA does: behind MPS when there is a control daemon; a program can only lower its limits. */
static void print_mps(FILE *to) {
  char answer[128];
  if (ask_mps("get_default_active_thread_percentage", answer, sizeof answer)) return;
  double share = strtod(answer, 0);
  const char *own = getenv("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE");
  if (own && *own && (share <= 0 || strtod(own, 0) < share)) share = strtod(own, 0);
  fprintf(to, ",\"mps\":true,\"share\":%d", share >= 1 && share <= 100 ? (int)(share + 0.5) : 100);
  long limit = -1, mine = -1;
  if (!ask_mps("get_default_device_pinned_mem_limit 0", answer, sizeof answer) && *answer) limit = limit_mib(answer);
  own = getenv("CUDA_MPS_PINNED_DEVICE_MEM_LIMIT");
  if (own && *own) mine = limit_mib(own);
  if (mine >= 0 && (limit < 0 || mine < limit)) limit = mine;
  if (limit >= 0) fprintf(to, ",\"limit_mib\":%ld", limit);
}

static struct option *find(const char *flag) {
  for (size_t i = 0; i < COUNT_OF(opening); i++) if (!strcmp(opening[i].flag, flag)) return &opening[i];
  for (size_t i = 1; i < COUNT_OF(asked); i++) if (!strcmp(asked[i].flag, flag)) return &asked[i];
  return 0;
}

static int is_number(const char *text) {
  char *end;
  strtod(text, &end);
  return *text >= '0' && *text <= '9' && !*end && !strpbrk(text, "xXnN");
}

static int read_options(int count, char **words) {
  for (int i = 1; i < count; i++) {
    if (words[i][0] != '-') {
      asked[0].value = words[i];
      continue;
    }
    struct option *one = find(words[i]);
    if (!strcmp(words[i], "--socket") && i + 1 < count) socket_path = words[++i];
    else if (!one) return usage("unknown option", words[i]);
    else if (i + 1 == count) return usage("no value for", words[i]);
    else one->value = words[++i];
  }
  if (!asked[0].value) return usage("no", "MS is given");
  for (size_t i = 0; i < COUNT_OF(asked); i++)
    if (!is_number(asked[i].value)) return usage("not a number:", asked[i].value);
  return 0;
}

/* Reads and prints lines until the answer of a request came, or `jobs` results; 1 if any failed. */
static int listen_for(FILE *stream, long *jobs) {
  static char line[65536];
  int failed = 0;
  while (*jobs > 0 && fgets(line, sizeof line, stream)) {
    fputs(line, stdout);
    fflush(stdout);
    if (!strncmp(line, "{\"job\":", 7)) {
      failed |= !strstr(line, "\"error\":\"\"");
      --*jobs;
    } else {
      return strncmp(line, "{\"ok\":true", 10) != 0;
    }
  }
  return failed | (*jobs > 0);
}

int main(int count, char **words) {
  int wrong = read_options(count, words);
  if (wrong) return wrong;
  const char *tried = "";
  struct lines lines;
  if (connect_work(&lines, socket_path, &tried)) {
    fprintf(stderr, "drawplate-work: no emulated device at %s: %s\n", tried, strerror(errno));
    return 3;
  }
  long jobs = strtol(asked[5].value, 0, 10), answers = jobs + 1;
  fprintf(lines.out, "{\"op\":\"open\"");
  print_options(lines.out, opening, COUNT_OF(opening));
  print_mps(lines.out);
  fprintf(lines.out, "}\n");
  fflush(lines.out);
  if (listen_for(lines.in, &answers)) return 1;
  fprintf(lines.out, "{\"op\":\"submit\"");
  print_options(lines.out, asked, COUNT_OF(asked));
  fprintf(lines.out, "}\n");
  fflush(lines.out);
  if (listen_for(lines.in, &answers)) return 1;
  int failed = listen_for(lines.in, &jobs);
  close_lines(&lines);
  return failed;
}
