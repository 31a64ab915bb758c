import { probe } from '../../engine/load/probe.js'
import type { Diagnosis, Finding } from './finding.js'

/** Which engine a run would use, why, and whether the portable one loads as well. */
export const engineFindings = async (): Promise<Pick<Diagnosis, 'engine' | 'findings'>> => {
  const best = await probe('auto')
  if ('trouble' in best) return { engine: null, findings: [broken(best.trouble)] }
  const { info, threads } = best
  // Loaded by its name, an engine's description omits the reason why it is not the other one.
  const portable = await probe('wasm')
  if (info.name === 'wasm' && 'info' in portable)
    return { engine: 'wasm', findings: [onlyPortable(portable.info.description, info.reason, threads)] }
  const native: Finding = {
    about: 'engine',
    state: 'ok',
    says: `${nameIn(info.description)}, the best that loads; ${threadWords(threads)}`,
    facts: { name: info.name, threads, device: info.device },
  }
  return { engine: info.name, findings: [native, standby(portable)] }
}

const onlyPortable = (description: string, reason: string | undefined, threads: number): Finding => ({
  about: 'engine',
  state: 'note',
  says: `${nameIn(description)}; ${threadWords(threads)}`,
  advice: `Faster with the native one: ${reason ?? 'run npx pwoa-setup'}.`,
  facts: { name: 'wasm', threads, reason },
})

const standby = (portable: Awaited<ReturnType<typeof probe>>): Finding =>
  'info' in portable
    ? { about: 'other engine', state: 'ok', says: 'wasm loads as well (--engine wasm)', facts: { name: 'wasm' } }
    : {
        about: 'other engine',
        state: 'note',
        says: `wasm does not run: ${portable.trouble}`,
        advice: 'Runs use the native one; install the package anew to have both.',
        facts: { name: 'wasm', reason: portable.trouble },
      }

const broken = (trouble: string): Finding => ({
  about: 'engine',
  state: 'problem',
  says: `none runs: ${trouble}`,
  advice: 'Install the package anew, then run npx pwoa-setup.',
  facts: { reason: trouble },
})

const nameIn = (description: string): string => description.replace(/^engine: /, '')

const threadWords = (threads: number): string =>
  `${threads} ${threads === 1 ? 'thread' : 'threads'} within an operation`
