/* What the programs have in common: finding sockets, and lines of text over them. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Where the work socket is in containers: our own delivery's place, then the one that CDI files of
   real drivers mount because the driver root has it. */
static const char *const work_sockets[] = {
  "/run/drawplate/work.sock", "/run/nvidia-persistenced/socket",
  "/var/run/nvidia-persistenced/socket",
};

static int address_of(const char *path, struct sockaddr_un *to) {
  memset(to, 0, sizeof *to);
  to->sun_family = AF_UNIX;
  if (strlen(path) >= sizeof to->sun_path) return -1;
  strcpy(to->sun_path, path);
  return 0;
}

/* Gives a connected socket, or -1 with errno. */
static int connect_to(const char *path) {
  struct sockaddr_un to;
  if (address_of(path, &to)) return errno = ENAMETOOLONG, -1;
  int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (file >= 0 && connect(file, (struct sockaddr *)&to, sizeof to)) {
    int error = errno;
    close(file);
    errno = error;
    return -1;
  }
  return file;
}

/* A connection, read and written by streams of its own: one stream cannot turn around at will. */
struct lines { FILE *in, *out; };

static int open_lines(struct lines *lines, int file) {
  int other = file < 0 ? -1 : dup(file);
  lines->in = file < 0 ? 0 : fdopen(file, "r");
  lines->out = other < 0 ? 0 : fdopen(other, "w");
  return lines->in && lines->out ? 0 : -1;
}
static void close_lines(struct lines *lines) {
  if (lines->out) fclose(lines->out);
  if (lines->in) fclose(lines->in);
}
/* Says that nothing more comes, and keeps listening. */
static void end_of_commands(struct lines *lines) {
  fflush(lines->out);
  shutdown(fileno(lines->out), SHUT_WR);
}

/* Connects to the emulated devices; `tried` becomes the place that was tried last. */
static inline int connect_work(struct lines *lines, const char *wanted, const char **tried) {
  int file = -1;
  if (!wanted || !*wanted) wanted = getenv("DRAWPLATE_WORK");
  if (wanted && *wanted) {
    *tried = wanted;
    file = connect_to(wanted);
  } else {
    for (size_t i = 0; file < 0 && i < COUNT_OF(work_sockets); i++) file = connect_to(*tried = work_sockets[i]);
  }
  return open_lines(lines, file);
}

/* Where an MPS control daemon has its pipes (CUDA_MPS_PIPE_DIRECTORY, or CUDA's default). */
static const char *mps_folder(void) {
  const char *named = getenv("CUDA_MPS_PIPE_DIRECTORY");
  return named && *named ? named : "/tmp/nvidia-mps";
}

/* Sends a command to the MPS control daemon and reads the one line that it answers. */
static inline int ask_mps(const char *command, char *answer, size_t room) {
  char path[108];
  struct lines lines;
  if (snprintf(path, sizeof path, "%s/control", mps_folder()) >= (int)sizeof path) return -1;
  if (open_lines(&lines, connect_to(path))) return -1;
  fprintf(lines.out, "%s\n", command);
  end_of_commands(&lines);
  answer[0] = 0;
  if (fgets(answer, (int)room, lines.in)) answer[strcspn(answer, "\n")] = 0;
  close_lines(&lines);
  return 0;
}
