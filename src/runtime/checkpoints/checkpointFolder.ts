import { readdirSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import { type FileError, type PwoaError, PwoaFailure, valueOfTask } from '../../dsl/errors.js'
import { readWhole } from '../../io/files/readWhole.js'
import { writeWhole } from '../../io/files/writeWhole.js'
import { decodeCheckpoint, encodeCheckpoint, type RunCheckpoint } from './checkpointFile.js'
import { isSealed, seal } from './checkpointSeal.js'

const folderName = 'checkpoints'
const mostBytes = 2 ** 31 - 1
const pattern = /^step-\d{8,}\.safetensors$/

const nameOf = (step: number): string => `step-${String(step).padStart(8, '0')}.safetensors`

/** The checkpoint of the best evaluation so far; the others are named by their steps. */
const bestName = 'best.safetensors'

/** A checkpoint that was read, and warnings of newer ones that are damaged. */
export interface ReadCheckpoint {
  readonly checkpoint: RunCheckpoint
  readonly warnings: readonly string[]
}

/** Names of the files, the newest first; none if there is no folder. */
const entriesOf = (folder: string): readonly string[] => {
  try {
    const names = readdirSync(join(folder, folderName)).filter((name) => pattern.test(name))
    return names.toSorted((a, b) => b.length - a.length || (a < b ? 1 : -1))
  } catch {
    return []
  }
}

/** Whether a run can be resumed from a checkpoint in its folder. */
export const hasCheckpoint = (folder: string): boolean => entriesOf(folder).length > 0

/**
 * Reads the newest intact checkpoint of a run folder; undefined if there is no checkpoint. Newer ones that are damaged are
 * renamed to `*.damaged`.
 *
 * @throws FileError of the newest checkpoint, if all are damaged
 */
export const readNewest = async (folder: string): Promise<ReadCheckpoint | undefined> => {
  const damaged: PwoaError[] = []
  for (const name of entriesOf(folder)) {
    const file = join(folder, folderName, name)
    const read = await readSealed(file)
    if (E.isRight(read)) {
      for (const one of damaged) if ('file' in one) await rename(one.file, `${one.file}.damaged`)
      const warnings = damaged.map(
        (one) => `${'file' in one ? one.file : folder} is damaged (${one.actual}): continuing from ${name}`,
      )
      return { checkpoint: read.right, warnings }
    }
    damaged.push(read.left)
  }
  const [first] = damaged
  if (first) throw new PwoaFailure({ hint: 'Start the run anew, in another folder.', ...first })
  return undefined
}

const readSealed = async (file: string): Promise<Either<PwoaError, RunCheckpoint>> => {
  const bytes = await readWhole({ stage: 'resume', file }, mostBytes)()
  if (E.isLeft(bytes)) return bytes
  return isSealed(bytes.right) ? decodeCheckpoint(bytes.right, file) : E.left(broken(file))
}

const broken = (file: string): FileError => ({
  _tag: 'FileError',
  stage: 'resume',
  file,
  expected: 'a checkpoint with the hash that it carries',
  actual: 'other bytes',
})

/** How a checkpoint is written. */
export interface CheckpointWriting {
  /** The run folder. */
  readonly folder: string
  /** How many are kept, besides the best. */
  readonly keep: number
  /** Called with how long it took, from the encoding to the disk. */
  readonly took: (seconds: number) => void
}

const writeSealed = async (checkpoint: RunCheckpoint, file: string, took: CheckpointWriting['took']): Promise<void> => {
  const began = performance.now()
  const bytes = await valueOfTask(async () => encodeCheckpoint(checkpoint, file))
  await seal(bytes)
  await valueOfTask(writeWhole(file, bytes, 'checkpoint'))
  took((performance.now() - began) / 1000)
}

/**
 * Writes a checkpoint, then removes all but the newest `keep`. Returns its path in the run folder.
 *
 * @throws WriteError
 */
export const writeCheckpoint = async (
  checkpoint: RunCheckpoint,
  { folder, keep, took }: CheckpointWriting,
): Promise<string> => {
  const name = nameOf(checkpoint.step)
  const file = join(folder, folderName, name)
  await writeSealed(checkpoint, file, took)
  for (const one of entriesOf(folder).slice(keep)) await rm(join(folder, folderName, one), { force: true })
  return join(folderName, name)
}

/** Writes the checkpoint of the best evaluation so far, in place of the one before. @throws WriteError */
export const writeBest = async (checkpoint: RunCheckpoint, { folder, took }: CheckpointWriting): Promise<void> => {
  const file = join(folder, folderName, bestName)
  await writeSealed(checkpoint, file, took)
}
