/* nvidia-cuda-mps-control: the control daemon of emulated MPS, and the command that talks to it.
   Commands and files: NVIDIA's MPS documentation, "Tools and Interface Reference". It keeps the
   limits that programs on emulated GPUs go by; who runs when is up to the hardware's model. */
#include "talk.h"

enum { MOST_DEVICES = 64 };

static double percentage = 100;
static char limits[MOST_DEVICES][32];
static FILE *log_file;
static long server;

static void write_log(const char *text) {
  char moment[32];
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  strftime(moment, sizeof moment, "%Y-%m-%d %H:%M:%S", gmtime(&now.tv_sec));
  fprintf(log_file, "[%s.%03ld Control %5d] %s\n", moment, now.tv_nsec / 1000000, (int)getpid(), text);
  fflush(log_file);
}

static int in_folder(char *path, size_t room, const char *folder, const char *name) {
  return snprintf(path, room, "%s/%s", folder, name) >= (int)room;
}

/* Makes a folder with its parents, as the real daemon makes its own. */
static void make_folder(const char *folder) {
  char path[256];
  if (snprintf(path, sizeof path, "%s", folder) >= (int)sizeof path) return;
  for (char *at = path + 1; *at; at++) {
    if (*at != '/') continue;
    *at = 0;
    mkdir(path, 0755);
    *at = '/';
  }
  mkdir(path, 0777);
}

/* Answers one command; 0 when the daemon is to end. */
static int obey(const char *line, FILE *to) {
  char word[64] = "", rest[64] = "", value[32] = "";
  int device = -1;
  sscanf(line, "%63s %63[^\n]", word, rest);
  if (!strcmp(word, "quit")) return 0;
  if (!strcmp(word, "set_default_active_thread_percentage") || !strcmp(word, "set_active_thread_percentage")) {
    const char *number = strrchr(rest, ' ') ? strrchr(rest, ' ') : rest;
    double wanted = strtod(number, 0);
    if (wanted > 0 && wanted <= 100) percentage = wanted, fprintf(to, "%.1f\n", percentage);
    else fprintf(to, "Invalid percentage.\n");
  } else if (!strcmp(word, "get_default_active_thread_percentage") || !strcmp(word, "get_active_thread_percentage")) {
    fprintf(to, "%.1f\n", percentage);
  } else if (!strcmp(word, "set_default_device_pinned_mem_limit")) {
    if (sscanf(rest, "%d %31s", &device, value) == 2 && device >= 0 && device < MOST_DEVICES) strcpy(limits[device], value);
    else fprintf(to, "Invalid device or limit.\n");
  } else if (!strcmp(word, "get_default_device_pinned_mem_limit")) {
    if (sscanf(rest, "%d", &device) == 1 && device >= 0 && device < MOST_DEVICES) fprintf(to, "%s\n", limits[device]);
  } else if (!strcmp(word, "start_server")) {
    server = getpid();
  } else if (!strcmp(word, "get_server_list")) {
    if (server) fprintf(to, "%ld\n", server);
  } else if (!strcmp(word, "get_server_status")) {
    fprintf(to, "%s\n", server ? "ACTIVE" : "Server not found.");
  } else if (!strcmp(word, "get_client_list") || !strcmp(word, "get_device_client_list") || !strcmp(word, "ps")) {
    /* Programs are listed by NVML (nvmlDeviceGetMPSComputeRunningProcesses). */
  } else if (!strcmp(word, "shutdown_server")) {
    server = 0;
  } else if (*word) {
    fprintf(to, "Unknown command: %s\n", word);
  }
  return 1;
}

static int serve_one(struct lines *client) {
  char line[256], told[300];
  int more = 1;
  while (more && fgets(line, sizeof line, client->in)) {
    line[strcspn(line, "\n")] = 0;
    snprintf(told, sizeof told, "Cmd:%s", line);
    write_log(told);
    more = obey(line, client->out);
    fflush(client->out);
  }
  return more;
}

/* Asks the hardware whether MPS can start: a fault may hold it up or refuse it. */
static int is_refused(void) {
  const char *tried;
  char line[512] = "";
  struct lines lines;
  if (connect_work(&lines, 0, &tried)) return 0;
  fprintf(lines.out, "{\"op\":\"mps\"}\n");
  fflush(lines.out);
  const char *delay = fgets(line, sizeof line, lines.in) ? strstr(line, "\"delay_ms\":") : 0;
  close_lines(&lines);
  long wait = delay ? strtol(delay + 11, 0, 10) : 0;
  struct timespec time = {wait / 1000, wait % 1000 * 1000000};
  nanosleep(&time, 0);
  return !strncmp(line, "{\"ok\":false", 11);
}

static int run_daemon(const char *folder, const char *path, int background) {
  char name[256];
  const char *logs = getenv("CUDA_MPS_LOG_DIRECTORY");
  if (!logs || !*logs) logs = "/var/log/nvidia-mps";
  make_folder(folder);
  make_folder(logs);
  log_file = in_folder(name, sizeof name, logs, "control.log") ? 0 : fopen(name, "ae");
  if (!log_file) return fprintf(stderr, "Cannot open %s: %s\n", name, strerror(errno)), 1;
  if (is_refused()) return write_log("Failed to start"), fprintf(stderr, "Cannot start the MPS daemon.\n"), 1;
  int running = connect_to(path);
  if (running >= 0) return close(running), fprintf(stderr, "An instance of this daemon is already running\n"), 1;
  struct sockaddr_un at;
  int listener = address_of(path, &at) ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  unlink(path);
  if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof at) || chmod(path, 0666) || listen(listener, 64))
    return fprintf(stderr, "Cannot create %s: %s\n", path, strerror(errno)), 1;
  if (background && daemon(0, 0)) return 1;
  signal(SIGPIPE, SIG_IGN);
  if (!in_folder(name, sizeof name, folder, "nvidia-cuda-mps-control.pid")) {
    FILE *pid = fopen(name, "we");
    if (pid) fprintf(pid, "%d\n", (int)getpid()), fclose(pid);
  }
  write_log("Start");
  for (int more = 1; more;) {
    struct lines client;
    if (!open_lines(&client, accept4(listener, 0, 0, SOCK_CLOEXEC))) more = serve_one(&client);
    close_lines(&client);
  }
  write_log("Exit");
  unlink(name);
  unlink(path);
  return 0;
}

static int run_commands(const char *path) {
  char line[256];
  while (fgets(line, sizeof line, stdin)) {
    struct lines lines;
    if (open_lines(&lines, connect_to(path))) {
      fprintf(stderr, "Cannot find MPS control daemon process\n");
      return 1;
    }
    fputs(line, lines.out);
    end_of_commands(&lines);
    while (fgets(line, sizeof line, lines.in)) fputs(line, stdout);
    close_lines(&lines);
  }
  return 0;
}

int main(int count, char **words) {
  char path[108];
  const char *folder = mps_folder(), *flag = count > 1 ? words[1] : "";
  if (in_folder(path, sizeof path, folder, "control")) return fprintf(stderr, "The pipe directory's name is too long\n"), 1;
  if (!*flag) return run_commands(path);
  int static_partitions = !strcmp(flag, "-S") || !strcmp(flag, "--static-partitioning");
  if (!strcmp(flag, "-d") || static_partitions) return run_daemon(folder, path, 1);
  if (!strcmp(flag, "-f")) return run_daemon(folder, path, 0);
  if (!strcmp(flag, "-v")) return puts("CUDA MPS control daemon (emulated)"), 0;
  fprintf(stderr, "usage: nvidia-cuda-mps-control [-d | -f | -v | -S]\n");
  return 1;
}
