import type { StateTensor } from '../stateDict.js'

/** A tensor whose numbers are made when they are asked for: a large file is not in memory twice. */
export const lazyTensor = (shape: readonly number[], numbers: () => Float32Array): StateTensor => ({
  shape,
  get data() {
    return numbers()
  },
})
