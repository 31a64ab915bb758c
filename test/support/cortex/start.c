/* Starts a program on an emulated Cortex-M4 (qemu, mps2-an386), whose standard streams are those of the emulator. */
#include <stdint.h>
#include <stdlib.h>

extern uint32_t stack_top, data_load, data_start, data_end, bss_start, bss_end;
extern void initialise_monitor_handles(void);
int main(void);
void _init(void);
void _fini(void);
void reset(void);
void stop(void);

void _init(void) {}
void _fini(void) {}

void reset(void) {
  for (uint32_t *from = &data_load, *to = &data_start; to < &data_end;) *to++ = *from++;
  for (uint32_t *p = &bss_start; p < &bss_end;) *p++ = 0;
  *(volatile uint32_t *)0xE000ED88 |= 0xF00000; /* the floating-point unit */
  initialise_monitor_handles();
  exit(main());
}

void stop(void) {
  for (;;) {
  }
}

struct vectors {
  uint32_t *stack;
  void (*handlers[6])(void);
};

__attribute__((section(".vectors"), used)) const struct vectors vectors = {
    &stack_top, {reset, stop, stop, stop, stop, stop}};
