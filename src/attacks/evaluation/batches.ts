/** Batches that a block of test examples fills at most. */
const BATCHES = 4

/** Some examples that are attacked at once. */
export interface PackedBatch {
  /** Which block of the test set, from 0, and which batch of it. */
  readonly block: number
  readonly number: number
  /** In the test set. */
  readonly indices: Uint32Array
}

/** Test examples in a block: block k holds those from k · size on. */
export const blockSize = (batchSize: number): number => BATCHES * batchSize

/**
 * Packs examples into batches, never across blocks of the test set: the batches of a block follow from its own examples
 * alone. Kernels may sum in another order for another number of rows, so that only equal batches give equal bits: an
 * evaluation in shards of whole blocks is then the one in one piece.
 *
 * @param indices in the test set, ascending
 */
export const batchesOf = (indices: Uint32Array, batchSize: number): readonly PackedBatch[] => {
  const size = blockSize(batchSize)
  const blocks = new Map<number, number[]>()
  for (const index of indices) {
    const block = Math.floor(index / size)
    const members = blocks.get(block)
    if (members) members.push(index)
    else blocks.set(block, [index])
  }
  return [...blocks].flatMap(([block, members]) =>
    Array.from({ length: Math.ceil(members.length / batchSize) }, (_, number) => ({
      block,
      number,
      indices: Uint32Array.from(members.slice(number * batchSize, (number + 1) * batchSize)),
    })),
  )
}
