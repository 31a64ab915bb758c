/** Number of batches in a block of test examples. */
const BATCHES = 4

/** Examples that are attacked at once. */
export interface PackedBatch {
  /** The block of the test set, from 0. */
  readonly block: number
  /** The batch of the block, from 0. */
  readonly number: number
  /** Indices in the test set. */
  readonly indices: Uint32Array
}

/** Number of test examples in a block. Block k starts at example k · size. */
export const blockSize = (batchSize: number): number => BATCHES * batchSize

/**
 * Packs examples into batches, never across blocks of the test set, so the batches of a block depend only on its own
 * examples. Kernels may sum in a different order for a different number of rows, and only equal batches give the same
 * bits. Therefore an evaluation in shards of whole blocks gives the same result as one run.
 *
 * @param indices in the test set, ascending
 * @param batchSize largest number of examples in a batch
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
