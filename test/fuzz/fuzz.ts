import { ReadBudget } from '../../src/io/files/readBudget.js'
import { type FuzzKind, outcomeOf } from './kind.js'
import { mutated, uniform } from './mutate.js'

/** A file that a reader did not take as it should. */
export interface Finding {
  /** Its number: with the seed it makes the file again. */
  readonly input: number
  readonly reason: string
}

/** What came of many files. */
export interface FuzzFigures {
  readonly inputs: number
  readonly read: number
  readonly refused: number
  readonly findings: readonly Finding[]
  /** The largest share of the budget that one file took: of memory and of steps. */
  readonly memory: number
  readonly steps: number
}

/** How long it goes on. */
export interface FuzzLimits {
  readonly seed: number
  readonly goesOn: (inputs: number) => boolean
}

/** The file of a number: one part of one seed, changed, in the whole file or between seeds. */
export const inputOf = async (kind: FuzzKind, seed: number, input: number): Promise<Uint8Array> => {
  const random = uniform(Math.imul(seed, 0x9e3779b1) ^ input)
  const pick = <A>(items: readonly A[]): A | undefined => items[Math.floor(random() * items.length)]
  const seeds = await kind.seeds()
  const chosen = pick(seeds) ?? { parts: [], build: () => new Uint8Array(0) }
  const other = pick(pick(seeds)?.parts ?? []) ?? new Uint8Array(0)
  const changed = Math.floor(random() * (chosen.parts.length + 1))
  // The last choice is the file as a whole: its lengths and checksums are wrong then.
  if (changed === chosen.parts.length) return mutated(chosen.build(chosen.parts), random, other)
  return chosen.build(chosen.parts.map((part, i) => (i === changed ? mutated(part, random, other) : part)))
}

/** Reads changed files one after the other. */
export const fuzz = async (kind: FuzzKind, { seed, goesOn }: FuzzLimits): Promise<FuzzFigures> => {
  const ends = { read: 0, refused: 0, fault: 0 }
  const findings: Finding[] = []
  let [inputs, memory, steps] = [0, 0, 0]
  for (; goesOn(inputs); inputs++) {
    const bytes = await inputOf(kind, seed, inputs)
    const budget = new ReadBudget(bytes.length)
    const outcome = await outcomeOf(kind, bytes, budget)
    ends[outcome.end] += 1
    if (outcome.end === 'fault') findings.push({ input: inputs, reason: outcome.reason })
    const { spent } = budget
    memory = Math.max(memory, spent.bytes / spent.mostBytes)
    steps = Math.max(steps, Math.min(1, spent.steps / spent.mostSteps))
  }
  return { inputs, read: ends.read, refused: ends.refused, findings, memory, steps }
}
