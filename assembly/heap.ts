// TensorFlow.js's own heap: tensors and scratch lie in the same memory, so that nothing is copied across.

declare function malloc(bytes: usize): usize

declare function free(block: usize): void

/** A block of scratch memory. A trap where there is none left. */
export function reserve(bytes: usize): usize {
  const block = malloc(bytes)
  if (block === 0) unreachable()
  return block
}

/** Gives the block back. */
export function release(block: usize): void {
  free(block)
}
