// TensorFlow.js's own heap: tensors and scratch memory share it, so that nothing is copied.

declare function malloc(bytes: usize): usize

declare function free(block: usize): void

/** Returns a block of scratch memory; traps if the heap has none left. */
export function reserve(bytes: usize): usize {
  const block = malloc(bytes)
  if (block === 0) unreachable()
  return block
}

/** Frees a block. */
export function release(block: usize): void {
  free(block)
}
