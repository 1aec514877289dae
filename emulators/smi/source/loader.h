/* Finds the NVML library and maps it, as a dynamic loader does for a library that needs no other:
   so the program itself needs nothing, and its calls go the way of every other client's. */
struct file_header {
  u8 ident[16];
  u16 type, machine;
  u32 version;
  u64 entry, segments_at, sections_at;
  u32 flags;
  u16 size, segment_size, segments, section_size, sections, names;
};
struct segment { u32 type, flags; u64 offset, address, physical, file_size, memory_size, align; };
struct dynamic { i64 tag; u64 value; };
struct symbol { u32 name; u8 info, other; u16 section; u64 value, size; };
struct relocation { u64 at, info; i64 addend; };

enum { LOAD = 1, DYNAMIC = 2, MOST_SEGMENTS = 16 };
enum { NEEDED = 1, PLT_SIZE = 2, STRINGS = 5, SYMBOLS = 6, RELA = 7, RELA_SIZE = 8, PLT = 23 };
#define GNU_HASH 0x6ffffef5
#if defined(__x86_64__)
enum { MACHINE = 62, ABSOLUTE = 1, DATA = 6, JUMP = 7, RELATIVE = 8 };
#else
enum { MACHINE = 183, ABSOLUTE = 257, DATA = 1025, JUMP = 1026, RELATIVE = 1027 };
#endif

static struct {
  char path[512];
  char *base;
  const struct symbol *symbols;
  const char *strings;
  const u32 *hash;
} library;

static const struct symbol *find_symbol(const char *name) {
  if (!library.hash) return 0;
  u32 hash = 5381;
  for (const char *c = name; *c; c++) hash = hash * 33 + (u8)*c;
  u32 buckets = library.hash[0], first = library.hash[1], blooms = library.hash[2];
  const u32 *bucket = library.hash + 4 + blooms * 2, *chain = bucket + buckets;
  if (!buckets) return 0;
  for (u32 i = bucket[hash % buckets]; i >= first; i++) {
    if ((chain[i - first] | 1) == (hash | 1) && library.symbols[i].section &&
        same(library.strings + library.symbols[i].name, name))
      return &library.symbols[i];
    if (chain[i - first] & 1) break;
  }
  return 0;
}
static void *function_named(const char *name) {
  const struct symbol *found = find_symbol(name);
  return found ? library.base + found->value : 0;
}

static int map_segments(long file, const struct segment *all, u32 count) {
  u64 least = ~0ull, most = 0, page = page_size - 1;
  for (u32 i = 0; i < count; i++) {
    if (all[i].type != LOAD) continue;
    if (all[i].address < least) least = all[i].address & ~page;
    if (all[i].address + all[i].memory_size > most) most = all[i].address + all[i].memory_size;
  }
  if (least >= most) return 0;
  /* private, anonymous, nothing allowed: room for all */
  long base = kernel(SYS_mmap, 0, (long)(most - least), 0, 0x22, -1, 0);
  if (base < 0 && base > -4096) return 0;
  library.base = (char *)base - least;
  for (u32 i = 0; i < count; i++) {
    const struct segment *s = &all[i];
    if (s->type != LOAD) continue;
    u64 start = s->address & ~page, skew = s->address - start;
    u64 in_file = (s->file_size + skew + page) & ~page, whole = (s->memory_size + skew + page) & ~page;
    long access = (s->flags & 4 ? 1 : 0) | (s->flags & 2 ? 2 : 0) | (s->flags & 1 ? 4 : 0);
    char *at = library.base + start;
    /* 0x12: private and at this very place */
    if (in_file && kernel(SYS_mmap, (long)at, (long)in_file, access, 0x12, file, (long)(s->offset - skew)) < 0) return 0;
    if (whole > in_file && kernel(SYS_mmap, (long)(at + in_file), (long)(whole - in_file), access, 0x32, -1, 0) < 0) return 0;
    if (access & 2) memset(at + skew + s->file_size, 0, in_file - skew - s->file_size);
  }
  return 1;
}
static void relocate(const struct relocation *all, u64 size) {
  for (u64 i = 0; i < size / sizeof *all; i++) {
    u64 *at = (u64 *)(library.base + all[i].at);
    u32 kind = (u32)all[i].info;
    const struct symbol *own = &library.symbols[all[i].info >> 32];
    if (kind == RELATIVE) *at = (u64)library.base + (u64)all[i].addend;
    if (kind == DATA || kind == JUMP) *at = (u64)library.base + own->value;
    if (kind == ABSOLUTE) *at = (u64)library.base + own->value + (u64)all[i].addend;
  }
}
/* Links the library with itself; 0 where it is not one that stands alone. */
static int link_library(const struct dynamic *all) {
  const struct relocation *rela = 0, *plt = 0;
  u64 rela_size = 0, plt_size = 0;
  library.hash = 0;
  for (; all->tag; all++) {
    char *at = library.base + all->value;
    if (all->tag == NEEDED) return 0;
    if (all->tag == STRINGS) library.strings = at;
    if (all->tag == SYMBOLS) library.symbols = (const struct symbol *)at;
    if (all->tag == GNU_HASH) library.hash = (const u32 *)at;
    if (all->tag == RELA) rela = (const struct relocation *)at;
    if (all->tag == RELA_SIZE) rela_size = all->value;
    if (all->tag == PLT) plt = (const struct relocation *)at;
    if (all->tag == PLT_SIZE) plt_size = all->value;
  }
  if (rela) relocate(rela, rela_size);
  if (plt) relocate(plt, plt_size);
  return find_symbol("nvmlInit_v2") != 0;
}
static int load(const char *path) {
  struct file_header header;
  struct segment segments[MOST_SEGMENTS];
  long file = kernel(SYS_openat, AT_FDCWD, (long)path, CLOSE_ON_EXEC, 0, 0, 0);
  if (file < 0) return 0;
  int fine = kernel(SYS_read, file, (long)&header, sizeof header, 0, 0, 0) == sizeof header &&
             header.ident[0] == 0x7f && header.ident[1] == 'E' && header.ident[4] == 2 &&
             header.machine == MACHINE && header.segments <= COUNT_OF(segments);
  long size = (long)(sizeof(struct segment) * header.segments);
  fine = fine && kernel(SYS_pread64, file, (long)segments, size, (long)header.segments_at, 0, 0) == size &&
         map_segments(file, segments, header.segments);
  kernel(SYS_close, file, 0, 0, 0, 0, 0);
  for (u32 i = 0; fine && i < header.segments; i++)
    if (segments[i].type == DYNAMIC && link_library((const struct dynamic *)(library.base + segments[i].address))) {
      write_text(library.path, sizeof library.path, "%s", path);
      return 1;
    }
  return 0;
}

static const char *const folders[] = {
  "/usr/lib64", "/usr/lib/" TRIPLET, "/lib64", "/lib/" TRIPLET, "/usr/lib", "/lib", "/usr/local/lib",
  "/usr/local/nvidia/lib64", "/usr/local/nvidia/lib", "/run/nvidia/driver/usr/lib/" TRIPLET,
};
static int load_from(const char *folder, const char *below) {
  char path[512];
  write_text(path, sizeof path, "%s%s/libnvidia-ml.so.1", folder, below);
  return load(path);
}
/* Beside the program, where it lies in a driver's root: usr/bin, and usr/lib/... */
static int load_beside(void) {
  char place[400];
  long count = kernel(SYS_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)place, sizeof place - 1, 0, 0);
  if (count <= 0) return 0;
  for (int up = 0; up < 2; up++) {
    while (count > 0 && place[count] != '/') count--;
    place[count] = 0;
    if (!up && count > 0) count--;
  }
  return load_from(place, "/lib/" TRIPLET) || load_from(place, "/lib64") || load_from(place, "/lib");
}
static int load_library(void) {
  char word[512];
  for (const char *rest = variable("LD_PRELOAD"); rest;) {
    rest = next_word(rest, ": ", word, sizeof word);
    if (contains(word, "libnvidia-ml.so") && load(word)) return 1;
  }
  for (const char *rest = variable("LD_LIBRARY_PATH"); rest;) {
    rest = next_word(rest, ":;", word, sizeof word);
    if (*word && load_from(word, "")) return 1;
  }
  if (load_beside()) return 1;
  for (u32 i = 0; i < COUNT_OF(folders); i++)
    if (load_from(folders[i], "")) return 1;
  return 0;
}
