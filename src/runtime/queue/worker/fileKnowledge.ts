import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import { ownVersion } from '../../host/ownPackage.js'
import type { QueuedSweep } from '../queuedSweep.js'
import { type Denied, denied } from '../queueJob.js'
import { type AllowedFiles, type KnownFile, knownFile } from './knownFile.js'

/** What a worker knows about the files of sweeps. */
export interface FileKnowledge {
  /** The file of a sweep, or why this worker can't run it. Costs no process. */
  readonly of: (sweep: QueuedSweep) => Promise<Either<Denied, KnownFile>>
}

/** Milliseconds for which a file counts as unchanged. A point's process looks again. */
const FRESH = 5000

/** Knowledge of the files that a worker may run. */
export const fileKnowledge = (allowed: AllowedFiles): FileKnowledge => {
  const known = new Map<string, { readonly at: number; readonly file: Promise<Either<Denied, KnownFile>> }>()
  const look = (file: string): Promise<Either<Denied, KnownFile>> => {
    const found = known.get(file)
    if (found && performance.now() - found.at < FRESH) return found.file
    const fresh = { at: performance.now(), file: knownFile(allowed, file) }
    known.set(file, fresh)
    return fresh.file
  }
  return {
    of: async ({ version, file, fileVersion }) => {
      if (version !== ownVersion()) return E.left(denied(`a sweep of pwoa ${ownVersion()}`, `one of pwoa ${version}`))
      const found = await look(file)
      if (E.isLeft(found) || found.right.version === fileVersion) return found
      const [here, there] = [found.right.version, fileVersion].map((hash) => hash.slice(0, 8))
      return E.left(denied(`${file} of version ${there}, which the sweep was started with`, `version ${here}`))
    },
  }
}
