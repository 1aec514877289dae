/* What the program has in place of a C library: entry, system calls, texts and output. */
#ifndef __clang__
/* Else gcc makes of the loop in memcpy a call of memcpy. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif
typedef unsigned char u8;
typedef signed char i8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;
typedef long long i64;
typedef unsigned long ulong;
typedef void *pointer;
typedef void *handle;
typedef __builtin_va_list arguments;

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define NONE 0xffffffffu
#define AT_FDCWD (-100)
#define CLOSE_ON_EXEC 02000000

#if defined(__x86_64__)
#define TRIPLET "x86_64-linux-gnu"
enum {
  SYS_read = 0, SYS_write = 1, SYS_close = 3, SYS_mmap = 9, SYS_socket = 41, SYS_connect = 42,
  SYS_sendto = 44, SYS_recvfrom = 45, SYS_exit_group = 231, SYS_clock_gettime = 228,
  SYS_openat = 257, SYS_readlinkat = 267, SYS_pread64 = 17, SYS_nanosleep = 35
};
static long kernel(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall" : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
__asm__(".text\n.globl _start\n_start:\n xor %ebp,%ebp\n mov %rsp,%rdi\n and $-16,%rsp\n call enter\n");
#elif defined(__aarch64__)
#define TRIPLET "aarch64-linux-gnu"
enum {
  SYS_openat = 56, SYS_close = 57, SYS_read = 63, SYS_write = 64, SYS_pread64 = 67,
  SYS_readlinkat = 78, SYS_exit_group = 94, SYS_nanosleep = 101, SYS_clock_gettime = 113,
  SYS_socket = 198, SYS_connect = 203, SYS_sendto = 206, SYS_recvfrom = 207, SYS_mmap = 222
};
static long kernel(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
__asm__(".text\n.globl _start\n_start:\n mov x29,#0\n mov x30,#0\n mov x0,sp\n and sp,x0,#-16\n bl enter\n");
#else
#error "the emulated nvidia-smi is made for x86_64 and arm64"
#endif

/* The compiler may call these by name, also where the source does not. */
void *memcpy(void *to, const void *from, ulong count) {
  char *target = to;
  const char *source = from;
  while (count--) *target++ = *source++;
  return to;
}
void *memset(void *to, int value, ulong count) {
  char *target = to;
  while (count--) *target++ = (char)value;
  return to;
}

static char **environment;
static ulong page_size = 4096;

static u32 length_of(const char *text) {
  u32 n = 0;
  while (text[n]) n++;
  return n;
}
static int same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}
static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }
static int same_but_case(const char *a, const char *b) {
  while (*a && lower(*a) == lower(*b)) a++, b++;
  return lower(*a) == lower(*b);
}
/* Whether a text begins with another; gives what follows. */
static const char *after(const char *text, const char *start) {
  while (*start && *text == *start) text++, start++;
  return *start ? 0 : text;
}
static int contains(const char *text, const char *part) {
  for (; *text; text++)
    if (after(text, part)) return 1;
  return 0;
}
static const char *variable(const char *name) {
  for (char **one = environment; *one; one++) {
    const char *rest = after(*one, name);
    if (rest && *rest == '=') return rest + 1;
  }
  return 0;
}
/* Reads a whole number; gives 0 where the text is none. */
static int number_in(const char *text, u32 *value) {
  u64 n = 0;
  if (!*text) return 0;
  for (; *text; text++) {
    if (*text < '0' || *text > '9' || n > 0xffffffffu) return 0;
    n = n * 10 + (u64)(*text - '0');
  }
  *value = (u32)n;
  return n <= 0xffffffffu;
}
/* Copies the text up to one of the separators, and gives what follows it, or null at the end. */
static const char *next_word(const char *list, const char *separators, char *to, u32 size) {
  u32 n = 0;
  while (*list) {
    for (const char *s = separators; *s; s++)
      if (*list == *s) {
        to[n] = 0;
        return list + 1;
      }
    if (n + 1 < size) to[n++] = *list;
    list++;
  }
  to[n] = 0;
  return 0;
}

static struct { char text[8192]; u32 count; } output;
static void flush(void) {
  u32 at = 0;
  while (at < output.count) {
    long count = kernel(SYS_write, 1, (long)(output.text + at), output.count - at, 0, 0, 0);
    if (count <= 0) break;
    at += (u32)count;
  }
  output.count = 0;
}
static void leave(int code) {
  flush();
  kernel(SYS_exit_group, code, 0, 0, 0, 0, 0);
  __builtin_unreachable();
}
static void put(char c) {
  if (output.count == sizeof output.text) flush();
  output.text[output.count++] = c;
}

struct writer { char *to; u32 size, count; };
static void write_char(struct writer *w, char c) {
  if (w->to && w->count + 1 < w->size) w->to[w->count] = c;
  if (!w->to) put(c);
  w->count++;
}
static void write_field(struct writer *w, const char *text, u32 length, u32 width, int left) {
  for (u32 i = length; !left && i < width; i++) write_char(w, ' ');
  for (u32 i = 0; i < length; i++) write_char(w, text[i]);
  for (u32 i = length; left && i < width; i++) write_char(w, ' ');
}
static u32 digits_of(u64 value, char *to, u32 base, u32 least) {
  char reversed[24];
  u32 n = 0, i;
  do reversed[n++] = "0123456789abcdef"[value % base]; while ((value /= base) || n < least);
  for (i = 0; i < n; i++) to[i] = reversed[n - 1 - i];
  return n;
}
/* As printf, with %s %u %d %l (u64) %x, a width, `-`, `0` (%02x), `.N` (at most so many, %s), `*`; all of them as u32 but %s and %l. */
static void format(struct writer *w, const char *pattern, arguments list) {
  for (; *pattern; pattern++) {
    if (*pattern != '%') {
      write_char(w, *pattern);
      continue;
    }
    u32 width = 0, most = NONE, least = 1, length = 0;
    int left = 0, zero = 0;
    pattern++;
    if (*pattern == '-') left = 1, pattern++;
    if (*pattern == '0') zero = 1, pattern++;
    if (*pattern == '*') width = __builtin_va_arg(list, u32), pattern++;
    while (*pattern >= '0' && *pattern <= '9') width = width * 10 + (u32)(*pattern++ - '0');
    if (*pattern == '.')
      for (most = pattern[1] == '*' ? (pattern++, __builtin_va_arg(list, u32)) : 0, pattern++; *pattern >= '0' && *pattern <= '9';) most = most * 10 + (u32)(*pattern++ - '0');
    if (zero) least = width;
    char digits[32];
    const char *text = digits;
    if (*pattern == 's') {
      text = __builtin_va_arg(list, const char *);
      length = length_of(text);
      if (length > most) length = most;
    } else if (*pattern == 'u') length = digits_of(__builtin_va_arg(list, u32), digits, 10, least);
    else if (*pattern == 'x') length = digits_of(__builtin_va_arg(list, u32), digits, 16, least);
    else if (*pattern == 'l') length = digits_of(__builtin_va_arg(list, u64), digits, 10, least);
    else if (*pattern == 'd') {
      i32 value = __builtin_va_arg(list, i32);
      if (value < 0) digits[0] = '-';
      length = digits_of(value < 0 ? (u64)-(i64)value : (u64)value, digits + (value < 0), 10, least) + (value < 0);
    } else digits[0] = *pattern, length = 1;
    write_field(w, text, length, width, left);
  }
}
static void print(const char *pattern, ...) {
  struct writer w = {0, 0, 0};
  arguments list;
  __builtin_va_start(list, pattern);
  format(&w, pattern, list);
  __builtin_va_end(list);
}
static u32 write_text(char *to, u32 size, const char *pattern, ...) {
  struct writer w = {to, size, 0};
  arguments list;
  __builtin_va_start(list, pattern);
  format(&w, pattern, list);
  __builtin_va_end(list);
  to[w.count < size ? w.count : size - 1] = 0;
  return w.count;
}

static int run(int count, char **words);
__attribute__((used)) void enter(long *stack) {
  int count = (int)stack[0];
  char **words = (char **)(stack + 1);
  environment = words + count + 1;
  char **end = environment;
  while (*end) end++;
  for (ulong *one = (ulong *)(end + 1); one[0]; one += 2)
    if (one[0] == 6) page_size = one[1]; /* AT_PAGESZ */
  leave(run(count, words));
}
