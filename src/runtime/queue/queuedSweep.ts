import * as t from 'io-ts'
import { codecOf, objectCodec, optionalCodec, recordCodec, textCodec, wholeCodec } from '../../dsl/kit/codecOf.js'
import { amountCodec, countCodec } from '../../dsl/kit/figureCodecs.js'
import { fileName } from '../folder/folderNames.js'

/** The priorities of sweeps: points of a higher one are taken first. */
export const priorities = { lowest: 1, usual: 5, highest: 9 } as const

const folderName = codecOf(
  'the name of a folder',
  (value): value is string => typeof value === 'string' && value.length <= 200 && fileName(value) === value,
)

/** The codec of a sweep's id. */
export const sweepId = textCodec('the id of a sweep', /^[\p{L}\p{N}._-]+-[0-9a-f]{8}-[0-9a-f]{8}$/u, 220)

const queuedSweep = t.intersection([
  objectCodec({
    /** The name of its folder, a number of that folder, and the start of the file's version. */
    id: sweepId,
    /** Version of the package that computed the keys of the points. */
    version: textCodec('a version', /^\d+\.\d+\.\d+[\w.+-]*$/),
    /** The pipeline file, relative to the folder of pipelines, with slashes. */
    file: textCodec('a path', /^[^\0\\]+\.[mc]?[jt]s$/),
    /** Hash of the code of that file and of what it imports by relative paths. */
    fileVersion: textCodec('the version of a file', /^[0-9a-f]{20}$/),
    /** The texts of `--set`. */
    values: recordCodec(t.string),
    /** The sweep's folder, in the folder of runs. */
    folder: folderName,
    /** From 1 to 9: points of sweeps of a higher priority are taken first. */
    priority: wholeCodec('a priority from 1 to 9', priorities.lowest, priorities.highest),
    /** How many points it has. */
    points: countCodec,
    /** When it was enqueued, in milliseconds since 1970. */
    created: amountCodec,
  }),
  optionalCodec({
    /** Of a trial. */
    trial: t.literal('quick'),
    /** Seconds that one attempt at a point may take. */
    pointTimeout: amountCodec,
    /** Seconds that an attempt may be without progress. */
    progressTimeout: amountCodec,
  }),
])

/**
 * A sweep in a queue. It contains only names: each worker decides which files they mean, and no code in a queue is ever run.
 */
export interface QueuedSweep extends t.TypeOf<typeof queuedSweep> {}

/** The codec of {@link QueuedSweep}. */
export const QueuedSweep: t.Type<QueuedSweep> = queuedSweep

/** The name of BullMQ's queue with the points of a sweep. Each sweep has its own. */
export const queueNameOf = (id: string): string => `pwoa-${id}`

/**
 * The id of a sweep: another one for another folder of the same name, and for another version of the pipeline file.
 *
 * @param number identifies the folder, 8 hexadecimal digits
 */
export const sweepIdOf = (folder: string, number: string, fileVersion: string): string =>
  `${folder}-${number}-${fileVersion.slice(0, 8)}`

/** Whether two ids are of the same folder, perhaps of other versions of the file. */
export const isOfSameFolder = (id: string, other: string): boolean => id.slice(0, -9) === other.slice(0, -9)
