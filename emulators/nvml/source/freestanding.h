/* What the library has in place of a C library: types, system calls, memory and texts. */
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
typedef const void *handle;

#define HIDDEN __attribute__((visibility("hidden")))
#define EXPORT __attribute__((visibility("default")))
#define ABSENT_32 0xffffffffu
#define ABSENT_64 0xffffffffffffffffull
#define IS_ABSENT(x) ((x) == (__typeof__(x))ABSENT_64)
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum { AF_UNIX = 1, SEQPACKET = 5, CLOSE_ON_EXEC = 02000000, NO_SIGNAL = 0x4000, AT_FDCWD = -100 };
enum { NOT_PERMITTED = -1, NO_ENTRY = -2, INTERRUPTED = -4, NO_ACCESS = -13, TRY_AGAIN = -11 };

#if defined(__x86_64__)
enum {
  SYS_close = 3, SYS_mmap = 9, SYS_munmap = 11, SYS_sched_yield = 24, SYS_nanosleep = 35,
  SYS_getpid = 39, SYS_socket = 41, SYS_connect = 42, SYS_sendto = 44, SYS_recvfrom = 45,
  SYS_uname = 63, SYS_futex = 202, SYS_sched_setaffinity = 203, SYS_clock_gettime = 228,
  SYS_openat = 257, SYS_readlinkat = 267, SYS_faccessat = 269, SYS_read = 0
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
#elif defined(__aarch64__)
enum {
  SYS_faccessat = 48, SYS_openat = 56, SYS_close = 57, SYS_read = 63, SYS_readlinkat = 78,
  SYS_futex = 98, SYS_nanosleep = 101, SYS_clock_gettime = 113, SYS_sched_setaffinity = 122,
  SYS_sched_yield = 124, SYS_uname = 160, SYS_getpid = 172, SYS_socket = 198, SYS_connect = 203,
  SYS_sendto = 206, SYS_recvfrom = 207, SYS_munmap = 215, SYS_mmap = 222
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
#else
#error "the emulated NVML library is made for x86_64 and arm64"
#endif

/* The compiler may call these by name, also where the source does not. */
HIDDEN void *memcpy(void *to, const void *from, ulong count) {
  char *target = to;
  const char *source = from;
  while (count--) *target++ = *source++;
  return to;
}
HIDDEN void *memset(void *to, int value, ulong count) {
  char *target = to;
  while (count--) *target++ = (char)value;
  return to;
}

static u32 length_of(const char *text) {
  u32 n = 0;
  while (text[n]) n++;
  return n;
}
static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }
static int same_text(const char *a, const char *b, u32 most) {
  for (u32 i = 0; i < most; i++) {
    if (lower(a[i]) != lower(b[i])) return 0;
    if (!a[i]) return 1;
  }
  return 1;
}
static int contains(const char *text, u32 size, const char *part) {
  u32 n = length_of(part);
  for (u32 i = 0; n && i + n <= size; i++) {
    u32 k = 0;
    while (k < n && text[i + k] == part[k]) k++;
    if (k == n) return 1;
  }
  return 0;
}

struct moment { i64 seconds, nanoseconds; };
static i64 clock_ns(int which) {
  struct moment now = {0, 0};
  kernel(SYS_clock_gettime, which, (long)&now, 0, 0, 0, 0);
  return now.seconds * 1000000000ll + now.nanoseconds;
}
static i64 monotonic_ns(void) { return clock_ns(1); }
static u64 unix_us(void) { return (u64)(clock_ns(0) / 1000); }
static void sleep_us(u32 us) {
  struct moment left = {us / 1000000, (i64)(us % 1000000) * 1000};
  while (kernel(SYS_nanosleep, (long)&left, (long)&left, 0, 0, 0, 0) == INTERRUPTED) {}
}
static u32 process_id(void) { return (u32)kernel(SYS_getpid, 0, 0, 0, 0, 0, 0); }

/* A lock has the number of the process that holds it: a child of fork that finds one of its parent,
   whose thread is not in the child, takes it. */
static void lock(u32 *word) {
  u32 own = process_id(), found = 0;
  while (!__atomic_compare_exchange_n(word, &found, own, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
    if (found != own) continue;
    kernel(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
    found = 0;
  }
}
static void unlock(u32 *word) { __atomic_store_n(word, 0, __ATOMIC_RELEASE); }

/* Writes a decimal number without a final zero, and gives its digits. */
static u32 decimal(char *to, u32 value) {
  char digits[10];
  u32 n = 0, i;
  do digits[n++] = (char)('0' + value % 10); while (value /= 10);
  for (i = 0; i < n; i++) to[i] = digits[n - 1 - i];
  return n;
}
static long read_file(const char *path, char *to, u32 size) {
  long file = kernel(SYS_openat, AT_FDCWD, (long)path, CLOSE_ON_EXEC, 0, 0, 0);
  if (file < 0) return file;
  long count = kernel(SYS_read, file, (long)to, size, 0, 0, 0);
  kernel(SYS_close, file, 0, 0, 0, 0, 0);
  return count;
}
