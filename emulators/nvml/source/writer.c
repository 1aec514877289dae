/* What Python cannot do to the pages: stores in an order that other processors see, and waking. */
#include "freestanding.h"

/* Makes visible what was written before, and only then the new number; then nothing that is
   written after it can come before it. */
EXPORT void publish(u32 *number, u32 value) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  __atomic_store_n(number, value, __ATOMIC_RELEASE);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
EXPORT void wake(u32 *number) { kernel(SYS_futex, (long)number, 1, 0x7fffffff, 0, 0, 0); }
