import { type EngineChoice, engineChoices } from '../../dsl/pipeline/engineChoice.js'
import type { CheckpointOptions } from '../../dsl/pipeline/run.js'
import { usageFailure } from './usageFailure.js'

// Each reader converts the text of an option, and throws a `UsageError` if it can't.

type Values = Readonly<Record<string, string>>

/** Reads `key=value`, and adds it to the earlier ones. */
export const assignment = (text: string, earlier: Values = {}): Values => {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (key === undefined || value === undefined)
    throw usageFailure({ stage: '--set', expected: 'key=value', actual: `"${text}"` })
  return { ...earlier, [key]: value }
}

/** Reads the name of an engine. */
export const engineOf = (text: string): EngineChoice => {
  const engine = engineChoices.find((known) => known === text)
  if (engine === undefined)
    throw usageFailure({ stage: '--engine', expected: `one of ${engineChoices.join(', ')}`, actual: `"${text}"` })
  return engine
}

/** Reads GPUs, each a number as `nvidia-smi` counts or a UUID. */
export const gpusOf = (text: string): readonly string[] => {
  const gpus = text.split(',').map((part) => part.trim())
  if (gpus.every((gpu) => /^(\d+|(GPU|MIG)-[\w/-]+)$/.test(gpu)) && new Set(gpus).size === gpus.length) return gpus
  throw usageFailure({ stage: '--gpus', expected: 'different GPUs, such as 0,1', actual: `"${text}"` })
}

/** Reads where a run may go on. */
export const resumeOnOf = (text: string): 'same' | 'any' => {
  if (text === 'same' || text === 'any') return text
  throw usageFailure({ stage: '--resume-on', expected: 'same or any', actual: `"${text}"` })
}

/** Reads a seed. */
export const seedOf = (text: string): number => {
  const seed = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (seed < 2 ** 32) return seed
  throw usageFailure({ stage: '--seed', expected: 'a whole number from 0 to 4294967295', actual: `"${text}"` })
}

/** Reads a number of steps (`500`) or seconds (`30s`). */
export const intervalOf = (text: string): CheckpointOptions => {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(s?)$/.exec(text) ?? []
  const value = Number(number)
  if (unit === 's' && value > 0) return { everySeconds: value }
  if (unit === '' && Number.isSafeInteger(value) && value > 0) return { everySteps: value }
  throw usageFailure({ stage: '--checkpoint-every', expected: 'steps (500) or seconds (30s)', actual: `"${text}"` })
}

/** Seconds of the units of a length of time. */
const unitSeconds: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }

/** Reads a length of time: `90` or `90s`, `30m`, `2h`, `7d`. Returns seconds. */
export const durationOf =
  (stage: string) =>
  (text: string): number => {
    const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text) ?? []
    const seconds = Number(number) * (unitSeconds[unit] ?? Number.NaN)
    if (seconds > 0) return seconds
    throw usageFailure({ stage, expected: 'a time such as 90s, 30m or 2h', actual: `"${text}"` })
  }

/** Reads a local folder: only workers can keep runs in a bucket. */
export const folderOf =
  (stage: string) =>
  (text: string): string => {
    if (!/^\w+:\/\//.test(text)) return text
    const hint = "A queue's workers can keep runs in a bucket: pwoa-run worker --runs s3://bucket/prefix"
    throw usageFailure({ stage, expected: 'a folder', actual: `${/^\w+/.exec(text)?.[0]}://…`, hint })
  }

/** Reads a whole number, at least 1. */
export const countOf =
  (stage: string) =>
  (text: string): number => {
    const count = /^\d+$/.test(text) ? Number(text) : 0
    if (count >= 1) return count
    throw usageFailure({ stage, expected: 'a whole number >= 1', actual: `"${text}"` })
  }

/** Reads a priority in a queue. */
export const priorityOf = (text: string): number => {
  if (/^[1-9]$/.test(text)) return Number(text)
  throw usageFailure({ stage: '--priority', expected: 'a whole number from 1 to 9', actual: `"${text}"` })
}

/** How a worker writes its messages. */
export type LogForm = 'text' | 'json'

/** Reads the form of a worker's messages. */
export const logFormOf = (text: string): LogForm => {
  if (text === 'text' || text === 'json') return text
  throw usageFailure({ stage: '--log', expected: 'text or json', actual: `"${text}"` })
}

/** An address to serve a page at. */
export interface Address {
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
}

/** Any free port, reachable from this machine only. */
export const loopback: Address = { host: '127.0.0.1', port: 0 }

/** Reads `host:port` or `port`, for the page of a run; an IPv6 host is in brackets. */
export const addressOf = (text: string): Address => addressFor('--ui-at')(text)

/** The same for another option. */
export const addressFor =
  (stage: string) =>
  (text: string): Address => {
    const [, bracketed, host, port] = /^(?:(?:\[([0-9a-f:.]+)\]|([\w.-]+)):)?(\d{1,5})$/i.exec(text) ?? []
    if (port !== undefined && Number(port) < 2 ** 16)
      return { host: bracketed ?? host ?? loopback.host, port: Number(port) }
    throw usageFailure({
      stage,
      expected: 'a host and a port, such as 127.0.0.1:8080',
      actual: `"${text}"`,
    })
  }
