import { INPUT } from '../../../models/architecture/architecture.js'
import { type Program, sizeOf } from './program.js'

/** Where each value is in the scratch memory, in numbers from its start. */
export interface Buffers {
  readonly offsets: ReadonlyMap<string, number>
  /** Numbers in all. */
  readonly size: number
}

interface Held {
  readonly first: number
  readonly end: number
}

/**
 * Places in one piece of memory, shared by values that are not needed at the same time: each value takes the first gap
 * that is large enough. A function of each number, or a sum, writes over an input that no later step reads.
 *
 * @param kept values with memory of their own, besides the image
 */
export const buffersOf = ({ steps }: Program, kept: ReadonlySet<string>): Buffers => {
  const lastUse = new Map<string, number>()
  for (const [i, { inputs }] of steps.entries()) for (const id of inputs) lastUse.set(id, i)
  const held = new Map<string, Held>()
  const offsets = new Map<string, number>()
  let size = 0
  for (const [i, step] of steps.entries()) {
    if (!kept.has(step.result)) {
      const over =
        step.type === 'map' || step.type === 'add'
          ? step.inputs.find((id) => id !== INPUT && lastUse.get(id) === i)
          : undefined
      const own = over === undefined ? undefined : held.get(over)
      const first = own?.first ?? gapFor(sizeOf(step.to), [...held.values()])
      held.set(step.result, { first, end: first + sizeOf(step.to) })
      offsets.set(step.result, first)
      size = Math.max(size, first + sizeOf(step.to))
    }
    for (const id of step.inputs) if (lastUse.get(id) === i) held.delete(id)
  }
  return { offsets, size }
}

const gapFor = (size: number, held: readonly Held[]): number => {
  let first = 0
  for (const other of held.toSorted((a, b) => a.first - b.first)) {
    if (first + size <= other.first) break
    first = Math.max(first, other.end)
  }
  return first
}
