import type { ReadBudget } from './readBudget.js'

/** Bytes of memory, about, that a character of JSON stands for: an object with the set of its keys, an array, a value. */
const COSTS: ReadonlyMap<number, number> = new Map([
  [0x7b, 320],
  [0x5b, 96],
  [0x2c, 32],
  [0x3a, 32],
])

/**
 * Counts what a JSON text costs before it is parsed. Nested brackets take many times the memory of their text.
 *
 * @param json the text in UTF-8
 * @param what it is, for the error
 * @throws Refusal if that is more than what is left of the budget
 */
export const allocateJson = (budget: ReadBudget, json: Uint8Array, what: string): void => {
  let bytes = 2 * json.length
  for (const character of json) bytes += COSTS.get(character) ?? 0
  budget.work(json.length, what)
  budget.allocate(bytes, what)
}
