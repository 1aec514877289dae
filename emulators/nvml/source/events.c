/* Events: a ring in the pages, of which every set reads what came after it was made. */

struct event_set { u32 magic, next; u64 masks[64]; u32 word; };
enum { SET_MAGIC = 0x4e564553, FUTEX_WAIT = 0, SET_BYTES = 4096 };
/* Sets that are there, so that a handle which is none is told without looking behind it. */
static struct event_set *sets[1024];

static struct event_set *set_of(handle h) {
  for (u32 i = 0; h && i < COUNT_OF(sets); i++)
    if (__atomic_load_n(&sets[i], __ATOMIC_ACQUIRE) == h) return sets[i];
  return 0;
}
static int body_event_set_create(struct call *c, handle *set) {
  (void)c;
  if (!set) return INVALID_ARGUMENT;
  long memory = kernel(SYS_mmap, 0, SET_BYTES, 3, 0x22, -1, 0);
  if (memory < 0 && memory > -4096) return MEMORY;
  struct event_set *made = (struct event_set *)memory;
  made->magic = SET_MAGIC;
  made->next = number_of(&STATE->header.events_head);
  for (u32 i = 0; i < COUNT_OF(sets); i++) {
    struct event_set *none = 0;
    if (__atomic_compare_exchange_n(&sets[i], &none, made, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
      *set = made;
      return SUCCESS;
    }
  }
  kernel(SYS_munmap, memory, SET_BYTES, 0, 0, 0, 0);
  return INSUFFICIENT_RESOURCES;
}
static int body_event_set_free(struct call *c, handle h) {
  (void)c;
  for (u32 i = 0; h && i < COUNT_OF(sets); i++) {
    struct event_set *found = (struct event_set *)h;
    if (__atomic_compare_exchange_n(&sets[i], &found, 0, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
      kernel(SYS_munmap, (long)h, SET_BYTES, 0, 0, 0, 0);
      return SUCCESS;
    }
  }
  return INVALID_ARGUMENT;
}
static int body_register_events(struct call *c, u64 types, handle h) {
  struct event_set *set = set_of(h);
  if (!set) return INVALID_ARGUMENT;
  if (types & ~EVENT_TYPES) return NOT_SUPPORTED;
  __atomic_fetch_or(&set->masks[c->record], types, __ATOMIC_RELAXED);
  return SUCCESS;
}
/* Takes the next event that the set asked for, if one is there. */
static int take(struct event_set *set, nvmlEventData_t *to) {
  int found = 0;
  lock(&set->word);
  while (!found && set->next != number_of(&STATE->header.events_head)) {
    u32 head = number_of(&STATE->header.events_head);
    /* What was overwritten before it was read is lost, as in the driver's own queue. */
    if (head - set->next > COUNT_OF(STATE->events)) set->next = head - COUNT_OF(STATE->events);
    const struct event *slot = &STATE->events[set->next % COUNT_OF(STATE->events)];
    struct event one = *slot;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (one.number == set->next && number_of(&slot->number) == one.number && one.device < 64 && (set->masks[one.device] & one.kind)) {
      to->device = device_handle(one.device);
      to->eventType = one.kind;
      to->eventData = one.data;
      to->gpuInstanceId = one.gi;
      to->computeInstanceId = one.ci;
      found = 1;
    }
    set->next++;
  }
  unlock(&set->word);
  return found;
}
static int reports_lost(const struct event_set *set) {
  for (u32 i = 0; i < 64; i++) {
    const struct gpu_slot *slot = &STATE->devices[i];
    const struct gpu *r = &slot->copies[number_of(&slot->number) & 1];
    if (set->masks[i] && r->lost && r->lost_wakes) return 1;
  }
  return 0;
}
static int body_event_set_wait(struct call *c, handle h, nvmlEventData_t *data, u32 milliseconds) {
  struct event_set *set = set_of(h);
  (void)c;
  if (!set || !data) return INVALID_ARGUMENT;
  i64 stop = monotonic_ns() + (i64)milliseconds * 1000000;
  for (;;) {
    u32 head = number_of(&STATE->header.events_head);
    if (take(set, data)) return SUCCESS;
    if (reports_lost(set)) return GPU_IS_LOST;
    i64 left = stop - monotonic_ns();
    if (left <= 0) return TIMEOUT;
    struct moment time = {left / 1000000000, left % 1000000000};
    kernel(SYS_futex, (long)&STATE->header.events_head, FUTEX_WAIT, head, (long)&time, 0, 0);
  }
}
