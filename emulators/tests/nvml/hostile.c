/* Calls every function of the library with arguments that no sane program would pass, but that a
   library must survive: null pointers, stray handles, wild numbers, and the same before its start.
   Pointers to memory are always right, and have the room that the table says. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long word;
typedef int (*function)(word, word, word, word, word, word, word, word);

static unsigned long seed = 12345;
static word next(void) {
  seed = seed * 6364136223846793005ul + 1442695040888963407ul;
  return seed >> 33;
}

int main(int count, char **arguments) {
  void *library = dlopen(arguments[1], RTLD_NOW);
  if (!library) { fprintf(stderr, "%s\n", dlerror()); return 2; }
  int (*start)(void) = (int (*)(void))dlsym(library, "nvmlInit_v2");
  int (*handle_of)(unsigned, void **) = (int (*)(unsigned, void **))dlsym(library, "nvmlDeviceGetHandleByIndex_v2");
  char line[512];
  void *device = 0;
  int rounds = atoi(arguments[2]), calls = 0;
  for (int round = 0; round < rounds; round++) {
    FILE *list = fopen(arguments[3], "r");
    if (round == 1 && (start() || handle_of(0, &device))) return 3;
    /* A line: the name, then a letter per argument: h handle, v number, p memory of so many bytes. */
    while (fgets(line, sizeof line, list)) {
      word given[8] = {0};
      void *memory[8] = {0};
      char *name = strtok(line, " \n"), *part;
      function call = (function)dlsym(library, name);
      int n = 0;
      while (n < 8 && (part = strtok(0, " \n"))) {
        int choice = (int)next() % 4;
        if (*part == 'h') {
          word stray[] = {0, (word)device, (word)device + 8 * (next() % 300), next()};
          given[n] = stray[choice];
        } else if (*part == 'v') {
          word numbers[] = {0, 1, next() % 64, 0xffffffff};
          given[n] = numbers[choice];
        } else if (choice) {
          size_t room = (size_t)atol(part + 1);
          memory[n] = malloc(room);
          memset(memory[n], choice == 1 ? 0 : (int)next(), room);
          given[n] = (word)memory[n];
        }
        n++;
      }
      if (!call) continue;
      call(given[0], given[1], given[2], given[3], given[4], given[5], given[6], given[7]);
      calls++;
      for (int i = 0; i < n; i++) free(memory[i]);
    }
    fclose(list);
  }
  printf("%d\n", calls);
  return 0;
}
