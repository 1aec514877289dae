/* Calls one getter of NVML many times, for measuring. */
__attribute__((visibility("default"))) int run(int (*getter)(void *, unsigned *), void *device, unsigned *value, unsigned long times) {
  int result = 0;
  while (times--) result |= getter(device, value);
  return result;
}
