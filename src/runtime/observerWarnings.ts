import type { RunEvent } from '../dsl/events.js'

/** Turns what observers throw into warnings; the same one, thrown at every step, is told once. */
export const observerWarnings = (stage: string, emit: (event: RunEvent) => void): ((thrown: unknown) => void) => {
  const told = new Set<string>()
  return (thrown) => {
    const message = `an observer threw: ${thrown instanceof Error ? thrown.message : String(thrown)}`
    if (told.has(message)) return
    told.add(message)
    emit({ type: 'warning', stage, message })
  }
}
