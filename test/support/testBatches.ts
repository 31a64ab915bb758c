import type { TestBatch } from '../../src/attacks/evaluation/evaluation.js'
import type { Dataset } from '../../src/dsl/dataset.js'
import { imagesOf, labelsOf } from '../../src/training/network/images.js'

/** The first `count` test examples in file order, batch by batch; the caller frees the tensors of each batch. */
export function* testBatches(
  { test, shape, classes }: Dataset,
  count: number,
  batchSize: number,
): Generator<TestBatch & { readonly indices: Uint32Array }> {
  for (let first = 0; first < count; first += batchSize) {
    const indices = Uint32Array.from({ length: Math.min(batchSize, count - first) }, (_, i) => first + i)
    yield { indices, images: imagesOf(test, shape, indices), labels: labelsOf(test, classes, indices) }
  }
}
