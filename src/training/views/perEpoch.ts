type Config = Readonly<Record<string, unknown>>

/** Epochs of a schedule that a plan tells of. A change that comes later than the last of them is in no plan. */
const TOLD = 200

/**
 * A schedule as plain JSON, for the plan: what the first epoch has and, under `from`, what changes from which epoch on
 * among the first 200. `{ epsilon: 0.1, from: { 5: { epsilon: 0.3 } } }` is 0.1 in epochs 0 to 4 and 0.3 after them; what
 * is not there any more is null. One that never changes is told as if it were no schedule. An epoch that a schedule
 * refuses ends the list: a run may be over before it.
 *
 * @throws what the schedule throws for the first epoch
 */
export const perEpochConfig = <T extends object>(schedule: PerEpoch<T>, configOf: (value: T) => Config): Config => {
  let latest = configOf(inEpoch(schedule, 0))
  const first = latest
  const from: Record<string, Config> = {}
  if (typeof schedule !== 'function') return first
  for (let epoch = 1; epoch < TOLD; epoch++) {
    const next = attempted(() => configOf(schedule(epoch)))
    if (!next) break
    const change = changeOf(latest, next)
    if (Object.keys(change).length > 0) from[epoch] = change
    latest = next
  }
  return Object.keys(from).length === 0 ? first : { ...first, from }
}

const attempted = <T>(make: () => T): T | undefined => {
  try {
    return make()
  } catch {
    return undefined
  }
}

const changeOf = (before: Config, after: Config): Config => {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const changed = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
  return Object.fromEntries(changed.map((name) => [name, after[name] ?? null]))
}

/** The same for all epochs, or what each epoch has, from 0. */
export type PerEpoch<T extends object> = T | ((epoch: number) => T)

/** What an epoch has. */
export const inEpoch = <T extends object>(schedule: PerEpoch<T>, epoch: number): T =>
  typeof schedule === 'function' ? schedule(epoch) : schedule
