import { imageBytes, imageShapeOf, labelNumbers } from '../../../src/io/datasets/arrays/arraysAsImages.js'
import { readNpy } from '../../../src/io/datasets/arrays/npy.js'
import { entryOf } from '../../../src/io/datasets/arrays/readArray.js'
import type { ReadBudget } from '../../../src/io/files/readBudget.js'
import { placing } from '../../../src/io/files/refusal.js'
import { floatsByNumpy, npyBytes, npyHeader, savedByNumpy } from '../../io/npyBytes.js'
import { type FuzzKind, whole } from '../kind.js'

const place = { stage: 'fromNpy', file: 'a.npy' }

/** An array as images, or as labels if it has one dimension. */
const read = (bytes: Uint8Array, budget: ReadBudget): unknown => {
  const array = readNpy(bytes, budget)
  if (array.shape.length < 2) return labelNumbers(place, array, 10)
  return imageBytes(place, array, 'first', imageShapeOf(place, array, 'first'))
}

const labels = npyBytes(npyHeader('<i8', '(2,)'), new Uint8Array(BigInt64Array.of(0n, 4n).buffer))

/** Arrays of NumPy. */
export const npy: FuzzKind = {
  seeds: async () => [whole(floatsByNumpy), whole(labels)],
  hostile: {
    'a quadrillion images': () => npyBytes(npyHeader('|u1', '(999999999999999, 32, 32)'), new Uint8Array(8)),
    'a shape of 3,000 dimensions': () => npyBytes(npyHeader('|u1', `(${'1, '.repeat(3000)})`), new Uint8Array(1)),
    'a header of 4 GB': () => Uint8Array.of(0x93, ...Buffer.from('NUMPY'), 2, 0, 255, 255, 255, 255, 0, 0),
  },
  read,
}

/** Archives of NumPy. */
export const npz: FuzzKind = {
  seeds: async () => [whole(savedByNumpy)],
  hostile: {},
  read: (bytes, budget) =>
    placing(place, async () => {
      read(await entryOf(bytes, 'images', budget), budget)
      return read(await entryOf(bytes, 'labels', budget), budget)
    }),
}
