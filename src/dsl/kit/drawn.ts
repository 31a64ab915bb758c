import { isObservable } from 'rxjs'

/** A value that was read from JSON, as an error shows it: short. */
export const drawnJson = (value: unknown): string =>
  value === undefined ? 'nothing' : cut(typeof value === 'object' && value !== null ? jsonOf(value) : drawn(value))

/** A value as an error shows it: short, and by its name if it has one. */
export const drawn = (value: unknown): string => {
  if (value === undefined) return 'nothing'
  if (isObservable(value)) return 'the steps of the pipeline'
  if (typeof value === 'function') return 'info' in value ? `the stage ${stageOf(value.info)}` : nameOf(value)
  if (typeof value === 'string') return cut(JSON.stringify(value))
  if (typeof value !== 'object' || value === null) return String(value)
  if ('name' in value && typeof value.name === 'string') return `${value.name}(…)`
  return cut(jsonOf(value))
}

const LONGEST = 80

const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text)

const nameOf = ({ name }: { readonly name: string }): string => (name === '' ? 'a function' : `the function ${name}`)

const stageOf = (info: unknown): string =>
  typeof info === 'object' && info !== null && 'stage' in info ? String(info.stage) : ''

const jsonOf = (value: object): string => {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return 'an object that contains itself'
  }
}
