import { PwoaFailure, rejectOption } from '../../dsl/errors.js'
import { readArgument } from '../../dsl/options/declare.js'
import { guarded, type Option } from '../../dsl/options/option.js'

/** One value for all epochs, or a function from an epoch, from 0, to its value. */
export type PerEpoch<T extends object> = T | ((epoch: number) => T)

/** What an epoch has. */
export const inEpoch = <T extends object>(schedule: PerEpoch<T>, epoch: number): T =>
  typeof schedule === 'function' ? schedule(epoch) : schedule

/** An option: one value for all epochs, or a function from an epoch to its value. */
export const perEpochOption = <T extends object>(item: Option<T>): Option<PerEpoch<T>> => {
  const { expected, ...facts } = item.facts
  return guarded(
    { expected: (name) => `${expected(name)}, or a function from an epoch to one`, ...facts },
    (value): value is PerEpoch<T> => item.is(value) || (typeof value === 'function' && !('info' in value)),
  )
}

/**
 * Checks an argument that may have a value for each epoch. The result of a function is checked when its epoch begins.
 *
 * @throws OptionError for a value that is not accepted; later, for a wrong result of a function
 */
export const readPerEpoch = <T extends object>(
  stage: string,
  name: string,
  item: Option<T>,
  value: unknown,
): PerEpoch<T> => {
  const option = perEpochOption(item)
  const schedule = readArgument(stage, name, option, value)
  if (typeof schedule !== 'function') return schedule
  return (epoch) => {
    const found = called(schedule, epoch, () =>
      rejectOption(stage, option.facts.expected(name), `the function ${schedule.name}; call it: ${schedule.name}()`),
    )
    return readArgument(stage, `${name} of epoch ${epoch}`, item, found)
  }
}

/** The value of an epoch. A factory that was not called refuses the epoch as its options, under its own name. */
const called = <T>(schedule: (epoch: number) => T, epoch: number, refuse: () => never): T => {
  try {
    return schedule(epoch)
  } catch (thrown) {
    if (thrown instanceof PwoaFailure && thrown.error.stage === schedule.name) return refuse()
    throw thrown
  }
}

type Config = Readonly<Record<string, unknown>>

/** Epochs of a schedule that a plan states. A later change is in no plan. */
const STATED = 200

/**
 * A schedule as plain JSON, for the plan: the first epoch's value and, under `from`, the epochs at which it changes
 * among the first 200. `{ epsilon: 0.1, from: { 5: { epsilon: 0.3 } } }` is 0.1 in epochs 0 to 4 and 0.3 from epoch 5 on;
 * an option that is left out from an epoch on is null. A schedule that never changes is stated like a single value. An
 * epoch that a schedule refuses ends the list: a run may end before it.
 *
 * @throws the exception of the schedule for the first epoch
 */
export const perEpochConfig = <T extends object>(schedule: PerEpoch<T>, configOf: (value: T) => Config): Config => {
  let latest = configOf(inEpoch(schedule, 0))
  const first = latest
  const from: Record<string, Config> = {}
  if (typeof schedule !== 'function') return first
  for (let epoch = 1; epoch < STATED; epoch++) {
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
