/* The state of the node, inside the library's own pages, and how to read it without waiting.

   A record has two copies and a number whose lowest bit tells which one is valid. The writer fills
   the other copy and then raises the number, so a writer that dies leaves a valid record. A reader
   whose number has moved meanwhile may have seen the next but one write, and reads again. */
extern const char state_bytes[] HIDDEN;
#define STATE ((const struct state *)state_bytes)

static u32 number_of(const u32 *number) { return __atomic_load_n(number, __ATOMIC_ACQUIRE); }
static int moved(const u32 *number, u32 *seen) {
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  u32 now = __atomic_load_n(number, __ATOMIC_RELAXED);
  if (now == *seen) return 0;
  *seen = number_of(number);
  return 1;
}
/* Runs the statement after it until it saw one version of the record, which is `r` in it. */
#define READ_RECORD(type, slot)                                                        \
  for (u32 seen_ = number_of(&(slot)->number), again_ = 1; again_;                     \
       again_ = (u32)moved(&(slot)->number, &seen_))                                   \
    for (const struct type *r = &(slot)->copies[seen_ & 1], *once_ = r; once_; once_ = 0)
#define READ(c) READ_RECORD(gpu, (c)->slot)
#define READ_NODE READ_RECORD(node, &STATE->node)

enum { DEVICE = 1, MIG = 2, GI = 3, CI = 4, ANY = 5 };
/* One call of a client: what it was called with, resolved. */
struct call {
  const struct gpu_slot *slot;
  u32 function, record, kind, gi, ci;
};

static u32 references, init_lock;

/* Finds what a handle means. Handles are addresses within the device's record, so that a client
   that looks at the memory behind them finds some. */
static int resolve(struct call *c, handle h) {
  u64 offset = (u64)h - (u64)STATE->devices;
  if (!h || offset >= sizeof(STATE->devices)) return INVALID_ARGUMENT;
  c->record = (u32)(offset / sizeof(struct gpu_slot));
  c->slot = &STATE->devices[c->record];
  u64 inside = offset % sizeof(struct gpu_slot);
  u64 place = inside & 7 ? 0 : inside / 8;
  const struct gpu_slot *s = c->slot;
  u64 mig = (u64)((const char *)s->mig - (const char *)s) / 8;
  u64 gi = (u64)((const char *)s->gi - (const char *)s) / 8;
  u64 ci = (u64)((const char *)s->ci - (const char *)s) / 8;
  c->gi = c->ci = ABSENT_32;
  if (!s->number) return INVALID_ARGUMENT;
  if (!inside) c->kind = DEVICE;
  else if (place >= mig && place < mig + 128) c->kind = MIG, c->gi = (u32)(place - mig) / 8, c->ci = (u32)(place - mig) % 8;
  else if (place >= gi && place < gi + 16) c->kind = GI, c->gi = (u32)(place - gi);
  else if (place >= ci && place < ci + 128) c->kind = CI, c->gi = (u32)(place - ci) / 8, c->ci = (u32)(place - ci) % 8;
  else return INVALID_ARGUMENT;
  return SUCCESS;
}
static handle device_handle(u32 record) { return (handle)&STATE->devices[record]; }
static handle mig_handle(u32 record, u32 gi, u32 ci) {
  return (handle)&STATE->devices[record].mig[(gi & 15) * 8 + (ci & 7)];
}
static handle gi_handle(u32 record, u32 gi) { return (handle)&STATE->devices[record].gi[gi & 15]; }
static handle ci_handle(u32 record, u32 gi, u32 ci) {
  return (handle)&STATE->devices[record].ci[(gi & 15) * 8 + (ci & 7)];
}

/* Whether the instance that a handle stands for is there. */
static int instance_is_there(struct call *c) {
  int found = 0;
  READ(c) {
    found = 0;
    if (r->mig_mode != 1) continue;
    if (c->kind == GI)
      for (u32 i = 0; i < r->gpu_instances_count && i < COUNT_OF(r->gpu_instances); i++)
        found |= r->gpu_instances[i].id == c->gi;
    else
      for (u32 i = 0; i < r->compute_instances_count && i < COUNT_OF(r->compute_instances); i++)
        found |= r->compute_instances[i].gi == c->gi && r->compute_instances[i].id == c->ci;
  }
  return found;
}

static int copy_text(char *to, u32 size, const char *text, u32 most) {
  u32 n = 0;
  while (n < most && text[n]) n++;
  if (!n) return NOT_SUPPORTED;
  if (n + 1 > size) return INSUFFICIENT_SIZE;
  memcpy(to, text, n);
  to[n] = 0;
  return SUCCESS;
}
