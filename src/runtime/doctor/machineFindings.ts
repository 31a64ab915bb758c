import { freemem } from 'node:os'
import { environment } from '../host/environment.js'
import { ownNeeds } from '../host/ownPackage.js'
import type { Finding } from './finding.js'

/** Whether a version of Node is within the range of `engines`: `^20.15 || >=22.2`. */
const isWithin = (version: string, range: string): boolean => {
  const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number)
  return range.split('||').some((part) => {
    const [, sign = '', least, leastMinor = '0'] = /(\^|>=)(\d+)(?:\.(\d+))?/.exec(part) ?? []
    if (major === Number(least)) return minor >= Number(leastMinor)
    return sign === '>=' && major > Number(least)
  })
}

/** Whether this Node is new enough. */
export const nodeFinding = (version: string): Finding => {
  const { node: needed } = ownNeeds()
  const facts = { version, needed }
  if (isWithin(version, needed))
    return { about: 'node', state: 'ok', says: `${version}, and ${needed} is needed`, facts }
  return { about: 'node', state: 'problem', says: version, advice: `Install a Node of ${needed}.`, facts }
}

const threadVariable = 'TF_NUM_INTRAOP_THREADS'

/** Cores, and whether the environment keeps the native engine from using them. */
export const processorFinding = (env: Readonly<Record<string, string | undefined>>): Finding => {
  const { processor, cores, system } = environment()
  const says = `${cores} ${cores === 1 ? 'core' : 'cores'} (${processor}; ${system})`
  const facts = { processor, cores, system }
  const limit = Number(env[threadVariable])
  if (!(limit >= 1 && limit < cores && cores > 2)) return { about: 'processor', state: 'ok', says, facts }
  const advice = `${threadVariable}=${limit} keeps TensorFlow from using them all: unset it.`
  return { about: 'processor', state: 'note', says, advice, facts: { ...facts, limit } }
}

const GIB = 2 ** 30
/** Bytes below which free memory is scarce. */
const SCARCE = 2 * GIB

/** Total and free memory of the machine or of the container, whichever is less. */
export const memoryFinding = (): Finding => {
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY
  const total = Math.min(environment().memory, limit)
  const free = Math.min(process.availableMemory?.() ?? freemem(), total)
  const says = `${inGib(total)}, ${inGib(free)} free`
  const facts = { total, free }
  if (free >= SCARCE) return { about: 'memory', state: 'ok', says, facts }
  const advice = 'Small networks fit; for larger ones take a smaller batchSize, or end other programs.'
  return { about: 'memory', state: 'note', says, advice, facts }
}

/** Bytes as `7.7 GiB`. */
export const inGib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`
