import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { valueOfTask } from '../../dsl/errors.js'
import { objectCodec, recordCodec, textCodec } from '../../dsl/kit/codecOf.js'
import { countCodec } from '../../dsl/kit/figureCodecs.js'
import { parseJson } from '../../dsl/kit/parseJson.js'
import { wrongField } from '../../dsl/kit/wrongField.js'
import { sha256Of } from '../../io/files/hash.js'
import { writeWhole } from '../../io/files/writeWhole.js'
import { isInside, type Progress, readFileOf } from './localRun.js'
import type { Objects } from './objects.js'

/** The codec of a SHA-256. */
export const sha256Codec = textCodec('a SHA-256: 64 hexadecimal digits', /^[0-9a-f]{64}$/)

/** The record of a saved run that is under way: its files, and the objects with their contents. */
const Saved = objectCodec({
  files: recordCodec(objectCodec({ object: t.string, bytes: countCodec, sha256: sha256Codec })),
})

type Saved = t.TypeOf<typeof Saved>

/**
 * Prefix of the records. A record is written after its objects, and sorts after those of less progress: the last is the
 * newest.
 */
const recordsIn = (base: string): string => `${base}saved/`

const recordName = ({ step, evaluated }: Progress): string =>
  `step-${String(step).padStart(12, '0')}-${String(evaluated).padStart(15, '0')}.json`

/** Saves a run repeatedly while it is under way. */
export interface Saver {
  /** The progress of the last save; undefined before the first. */
  readonly last: () => Progress | undefined
  /** Saves the files of this progress, unless the last save has the same progress. */
  readonly save: (progress: Progress) => Promise<void>
}

/** How many records of one worker are kept: the newest may turn out to be damaged. */
const KEPT = 2

/**
 * A saver for one worker. Each worker has its own objects, so that none removes those of another's record.
 *
 * @param begun the progress of the save that this worker started from
 */
export const makeSaver = (objects: Objects, base: string, folder: string, begun: Progress | undefined): Saver => {
  const own = `${base}content-${randomUUID()}/`
  const records: { readonly name: string; readonly files: Saved['files'] }[] = []
  let last = begun

  const keep = async (path: string): Promise<Saved['files'][string] | undefined> => {
    const bytes = await readFileOf(folder, path)
    if (!bytes) return undefined
    const sha256 = sha256Of(bytes)
    const file = { object: `${own}${sha256}`, bytes: bytes.length, sha256 }
    if (!isKept(file.object)) await objects.write(file.object, bytes, sha256)
    return file
  }
  const isKept = (object: string): boolean =>
    records.some(({ files }) => Object.values(files).some((file) => file.object === object))

  const prune = async (): Promise<void> => {
    const old = records.splice(0, records.length - KEPT)
    const gone = old.flatMap(({ files }) => Object.values(files).map(({ object }) => object))
    await objects.remove([...old.map(({ name }) => name), ...new Set(gone.filter((object) => !isKept(object)))])
  }
  return {
    last: () => last,
    save: async (progress) => {
      if (progress.step === last?.step && progress.evaluated === last.evaluated) return
      const files: Record<string, Saved['files'][string]> = {}
      for (const path of progress.files) {
        const file = await keep(path)
        if (file) files[path] = file
        // The run has removed this checkpoint meanwhile: the next one is about to be saved.
        else if (path === progress.checkpoint) return
      }
      const name = recordsIn(base) + recordName(progress)
      // If the record exists, another worker has saved the same progress.
      await objects.writeOnce(name, Buffer.from(JSON.stringify({ files } satisfies Saved)))
      records.push({ name, files })
      last = progress
      await prune()
    },
  }
}

/**
 * Copies the newest saved run with intact files into an empty folder. Damaged ones are reported, and their records removed,
 * so that this progress is saved again.
 */
export const restoreSaved = async (
  objects: Objects,
  base: string,
  folder: string,
  say: (message: string) => void,
): Promise<void> => {
  const names = await objects.list(recordsIn(base))
  for (const name of names.toReversed()) {
    const damage = await bringAll(objects, base, name, folder)
    if (damage === undefined) return
    say(`${objects.shown}/${name} is damaged (${damage}): continuing from the one before`)
    await rm(folder, { recursive: true, force: true })
    await objects.remove([name])
  }
}

/**
 * Copies what the newest saved run has recorded so far into a folder: the files that `isWanted` accepts. False if nothing
 * intact is saved.
 */
export const restoreRecords = async (
  objects: Objects,
  base: string,
  folder: string,
  isWanted: (path: string) => boolean,
): Promise<boolean> => {
  const name = (await objects.list(recordsIn(base))).at(-1)
  return name !== undefined && (await bringAll(objects, base, name, folder, isWanted)) === undefined
}

/** Copies the files of a saved run. Returns what is wrong with it; undefined if it is intact. */
const bringAll = async (
  objects: Objects,
  base: string,
  name: string,
  folder: string,
  isWanted: (path: string) => boolean = () => true,
): Promise<string | undefined> => {
  const record = Saved.decode(parseJson(textOf(await objects.read(name))))
  if (E.isLeft(record)) {
    const { path: field, expected, actual } = wrongField(record.left)
    return `expected ${expected}${field === '' ? '' : ` as ${field}`}, got ${actual}`
  }
  for (const [path, { object, sha256 }] of Object.entries(record.right.files)) {
    if (!isInside(path) || !object.startsWith(`${base}content-`)) return 'a record that points elsewhere'
    if (!isWanted(path)) continue
    const bytes = await objects.read(object)
    if (!bytes) return `${path} is missing`
    if (sha256Of(bytes) !== sha256) return `${path} has other bytes`
    await valueOfTask(writeWhole(join(folder, path), bytes, 'worker'))
  }
  return undefined
}

/** Bytes as UTF-8 text; empty for none. */
export const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('utf8')
