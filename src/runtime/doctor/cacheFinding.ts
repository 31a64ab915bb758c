import type { CachePlace } from '../../io/datasets/cachePlace.js'
import type { Finding } from './finding.js'
import { inGib } from './machineFindings.js'

/** Bytes below which space is scarce: the native engine alone takes about as much. */
const SCARCE = 2 ** 30

/** Where the native engine, downloads and decoded images are kept, and whether there is room. */
export const cacheFinding = ({ folder, obstacle, free }: CachePlace): Finding => {
  const facts = { folder, writable: obstacle === undefined, free }
  if (obstacle !== undefined)
    return {
      about: 'cache folder',
      state: 'problem',
      says: `${folder}, but ${obstacle}`,
      advice: 'Set PWOA_CACHE to a folder that can be written to.',
      facts,
    }
  const says = free === undefined ? folder : `${folder}, ${inGib(free)} free`
  if (free === undefined || free >= SCARCE) return { about: 'cache folder', state: 'ok', says, facts }
  const advice = 'Free some space, or set PWOA_CACHE to a folder on another disk.'
  return { about: 'cache folder', state: 'note', says, advice, facts }
}
