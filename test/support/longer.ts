import type { Need } from './needs.js'

/** Whether this is `npm run test:long`, which runs in full the tests that `npm test` runs on a part. */
export const isLong = process.env.PWOA_LONG === '1'

/** `part` under `npm test`, `whole` under `npm run test:long`. */
export const longer = <T>(part: T, whole: T): T => (isLong ? whole : part)

/** For tests of whole scenarios with many processes, which would take most of the time of `npm test`. */
export const inLong: Need = { name: 'npm run test:long', isThere: () => isLong, skipped: 'npm run test:long runs it' }
