/* What every call begins and ends with: whether the library is in use, what the handle means,
   what call rules say, whether the device is lost, and the trace. */

/* Connections are kept per process: a child of fork makes its own. */
struct link { const char *name; u32 word, pid; long file; };
static struct link mutators = {"/nvml.sock", 0, 0, -1}, observers = {"/calls.sock", 0, 0, -1};
struct address { u16 family; char path[108]; };

static int address_of(struct link *link, struct address *to) {
  u32 n = 0;
  to->family = AF_UNIX;
  READ_NODE {
    for (n = 0; n < 95 && r->folder[n]; n++) to->path[n] = r->folder[n];
  }
  u32 more = length_of(link->name);
  if (!n || n + more >= sizeof(to->path)) return 0;
  memcpy(to->path + n, link->name, more + 1);
  return 1;
}
static void close_link(struct link *link) {
  if (link->file >= 0 && link->pid == process_id()) kernel(SYS_close, link->file, 0, 0, 0, 0, 0);
  link->file = -1;
}
/* Connects, and gives 0 or what a mutator answers when it cannot. */
static int connect_link(struct link *link) {
  struct address to;
  u32 pid = process_id();
  if (link->file >= 0 && link->pid == pid) return SUCCESS;
  link->file = -1;
  if (!address_of(link, &to)) return NO_PERMISSION;
  long file = kernel(SYS_socket, AF_UNIX, SEQPACKET | CLOSE_ON_EXEC, 0, 0, 0, 0);
  if (file < 0) return OPERATING_SYSTEM;
  long result = kernel(SYS_connect, file, (long)&to, sizeof to, 0, 0, 0);
  if (result < 0) {
    kernel(SYS_close, file, 0, 0, 0, 0, 0);
    return result == NO_ENTRY || result == NO_ACCESS || result == NOT_PERMITTED ? NO_PERMISSION : DRIVER_NOT_LOADED;
  }
  link->file = file;
  link->pid = pid;
  return SUCCESS;
}
static long receive(struct link *link, void *to, u32 size) {
  long count;
  do count = kernel(SYS_recvfrom, link->file, (long)to, size, 0, 0, 0); while (count == INTERRUPTED);
  return count;
}
/* Sends one message and, unless `reply` is null, waits for the answer; gives its bytes. */
static int exchange(struct link *link, const void *message, u32 size, void *reply, u32 room, long *count) {
  int result = SUCCESS;
  lock(&link->word);
  for (int attempt = 0; attempt < 2; attempt++) {
    result = connect_link(link);
    if (result) break;
    long sent = kernel(SYS_sendto, link->file, (long)message, size, NO_SIGNAL, 0, 0);
    if (sent == (long)size && !reply) break;
    if (sent == (long)size) {
      *count = receive(link, reply, room);
      if (*count > 0) break;
      /* Sent but not answered: asking once more could do it twice. */
      attempt = 1;
    }
    close_link(link);
    result = DRIVER_NOT_LOADED;
  }
  unlock(&link->word);
  return result;
}

/* Whether anybody meddles with calls at all: one look, which is all that most calls cost. */
enum { RULES = 1, TRACED = 2 };
static int watched(u32 bits) { return (__atomic_load_n(&STATE->header.watched, __ATOMIC_RELAXED) & bits) != 0; }

enum { OBSERVED = 0x4e564f42, QUESTION = 1, TRACE = 2 };
struct observation { u32 magic, what, function, record, pid, rule; i32 result; u32 unused; u64 time; };

/* Rules that count ask the daemon, which counts for all processes; where it cannot be reached,
   each process counts for itself. */
static u32 counted[64], counted_for[64];
static int counting_rule_applies(const struct rule *rule, u32 place, struct call *c) {
  struct observation ask = {OBSERVED, QUESTION, c->function, c->record, process_id(), rule->number, 0, 0, 0};
  u32 answer[2] = {0, 0};
  long count = 0;
  if (!exchange(&observers, &ask, sizeof ask, answer, sizeof answer, &count) && count == 8) return (int)answer[0];
  if (counted_for[place] != rule->number) counted[place] = 0, counted_for[place] = rule->number;
  u32 calls = __atomic_fetch_add(&counted[place], 1, __ATOMIC_RELAXED);
  return calls >= rule->after && calls - rule->after < rule->count;
}
/* Whether this process is in the container: by its host name, or its control group. */
static int is_in_container(const char *name) {
  char text[6 * 65 + 2];
  if (!kernel(SYS_uname, (long)text, 0, 0, 0, 0, 0) && same_text(text + 65, name, 65)) return 1;
  char groups[2048];
  long count = read_file("/proc/self/cgroup", groups, sizeof groups);
  return count > 0 && contains(groups, (u32)count, name);
}
/* With `own` only the rules for the device of the call: the others were obeyed before it was known. */
static int obey_rules(struct call *c, int own) {
  for (u32 i = 0; i < COUNT_OF(STATE->rules.copies[0].rules); i++) {
    struct rule rule;
    u32 there = 0;
    READ_RECORD(rule_set, &STATE->rules) {
      there = i < r->count;
      rule = r->rules[i];
    }
    if (!there) return SUCCESS;
    if (!(rule.functions[c->function / 32] >> (c->function % 32) & 1)) continue;
    if (rule.device == ABSENT_32 ? own : rule.device != c->record) continue;
    if (rule.container[0] && !is_in_container(rule.container)) continue;
    if ((rule.after || rule.count != ABSENT_32) && !counting_rule_applies(&rule, i, c)) continue;
    if (rule.delay_us) sleep_us(rule.delay_us);
    if (rule.result) return rule.result;
  }
  return SUCCESS;
}

static int begin_free(struct call *c, u32 function) {
  c->slot = 0;
  c->function = function;
  c->record = c->gi = c->ci = ABSENT_32;
  c->kind = 0;
  return watched(RULES) ? obey_rules(c, 0) : SUCCESS;
}
static int begin(struct call *c, u32 function) {
  if (!__atomic_load_n(&references, __ATOMIC_RELAXED)) {
    c->function = function, c->record = ABSENT_32;
    return UNINITIALIZED;
  }
  return begin_free(c, function);
}
/* `kind` is what the function takes: DEVICE, MIG for both, ANY where a MIG handle means its GPU. */
static int begin_with(struct call *c, u32 function, u32 kind, handle h) {
  if (!__atomic_load_n(&references, __ATOMIC_RELAXED)) return begin(c, function);
  c->function = function;
  c->record = ABSENT_32;
  int result = resolve(c, h);
  if (result) return result;
  if (watched(RULES)) {
    result = obey_rules(c, 0);
    if (result) return result;
  }
  /* After the rules: what waited for this call has happened by now, and this call sees it. */
  const struct gpu_slot *slot = c->slot;
  const struct gpu *r = &slot->copies[number_of(&slot->number) & 1];
  if (r->lost | !r->present) return GPU_IS_LOST;
  if (c->kind == DEVICE && kind != GI && kind != CI) return SUCCESS;
  if (c->kind == MIG && (kind == MIG || kind == ANY)) return instance_is_there(c) ? SUCCESS : INVALID_ARGUMENT;
  if (c->kind == MIG && kind == DEVICE) return instance_is_there(c) ? NOT_SUPPORTED : INVALID_ARGUMENT;
  if (c->kind == kind) return instance_is_there(c) ? SUCCESS : INVALID_ARGUMENT;
  return INVALID_ARGUMENT;
}
static int end(struct call *c, int result) {
  if (watched(TRACED)) {
    struct observation seen = {OBSERVED, TRACE, c->function, c->record, process_id(), 0, result, 0, unix_us()};
    exchange(&observers, &seen, sizeof seen, 0, 0, 0);
  }
  return result;
}

/* Mutators: what was called with what, and what came of it. */
struct request { u32 magic, function, record, size; u8 bytes[1008]; };
struct reply { i32 result; u32 size; u8 bytes[1016]; };
static int put(struct request *q, const void *value, u32 size) {
  if (q->size + size > sizeof q->bytes) return INVALID_ARGUMENT;
  memcpy(q->bytes + q->size, value, size);
  q->size += size;
  return SUCCESS;
}
static int send_request(struct request *q, struct reply *a) {
  long count = 0;
  int result = exchange(&mutators, q, 16 + q->size, a, sizeof *a, &count);
  if (result) return result;
  if (count < 8 || a->size > (u64)count - 8) return UNKNOWN;
  return a->result;
}

/* Answers from data: functions that nothing else describes. */
static u32 mix(u32 hash, u64 value) {
  for (int i = 0; i < 8; i++) hash = (hash ^ (u32)(value >> 8 * i & 0xff)) * 16777619u;
  return hash;
}
struct out { void *to; u32 size; };
static int answer(struct call *c, u32 arguments, const struct out *outs, u32 count) {
  int result = NOT_SUPPORTED;
  READ_RECORD(answer_set, &STATE->answers) {
    result = NOT_SUPPORTED;
    for (u32 i = 0; i < r->count && i < COUNT_OF(r->answers); i++) {
      const struct answer *a = &r->answers[i];
      if (a->function != c->function || a->arguments != arguments) continue;
      if (a->device != ABSENT_32 && a->device != c->record) continue;
      result = a->result;
      u32 at = a->offset, stop = a->offset + a->size;
      for (u32 k = 0; k < count && at < stop; k++) {
        u32 size = stop - at < outs[k].size ? stop - at : outs[k].size;
        if (stop <= sizeof r->bytes) memcpy(outs[k].to, r->bytes + at, size);
        at += size;
      }
      break;
    }
  }
  return result;
}
