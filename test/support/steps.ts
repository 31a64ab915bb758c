/** Small complete trainings by the stages that a user composes, and their results. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import type { Observable } from 'rxjs'
import { onTestFinished } from 'vitest'
import { describeError } from '../../src/dsl/errors.js'
import type { HasTraining, Step, TrainingMetrics } from '../../src/dsl/step.js'
import { encodeSafetensors } from '../../src/io/checkpoints/safetensors.js'
import type { Architecture } from '../../src/models/architecture/architecture.js'
import { parameterCount } from '../../src/models/parameters/parameters.js'
import { statisticsCount } from '../../src/models/parameters/statistics.js'
import { type NamedTensors, unpackStatistics, unpackWeights } from '../../src/models/parameters/weights.js'
import type { HasStudent, Student } from '../../src/training/network/network.js'
import { minibatches } from '../../src/training/step/minibatches.js'
import { type FakeRun, type Saved, tinyNet } from './context.js'
import { seededNumbers } from './numbers.js'

/** The real source of minibatches on a fake run: 3 in an epoch of `tinyData`, the last of 4 images. */
export const lentSteps = ({ run }: FakeRun, batchSize = 8, saved?: Saved): Observable<Step> =>
  minibatches(run, { batchSize, start: saved?.position ?? { epoch: 0, batch: 0 } })

/** A checkpoint of seeded weights and statistics as a file, removed after the test. */
export const teacherFile = (architecture: Architecture = tinyNet, seed = 5): string => {
  const flat = seededNumbers(seed, parameterCount(architecture)).map((value) => value / 4)
  const statistics = seededNumbers(seed + 1, statisticsCount(architecture)).map((value) => (1 + value) / 2)
  return checkpointFile(new Map([...unpackWeights(architecture, flat), ...unpackStatistics(architecture, statistics)]))
}

/** A state dict as a file, removed after the test. */
export const checkpointFile = (tensors: NamedTensors): string => {
  const folder = mkdtempSync(join(tmpdir(), 'pwoa-teacher-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const encoded = encodeSafetensors(tensors)
  if (isLeft(encoded)) throw new Error(describeError(encoded.left))
  const file = join(folder, 'teacher.safetensors')
  writeFileSync(file, encoded.right)
  return file
}

export const weightsOf = (student: Student): Float32Array => Float32Array.from(student.weights.dataSync())

/** Batch normalisation's running statistics. */
export const runningOf = (student: Student): Float32Array => Float32Array.from(student.statistics.dataSync())

/** Distinguishes weights that differ in a single bit. */
export const hashOf = (weights: Float32Array): string =>
  createHash('sha256')
    .update(new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength))
    .digest('hex')

/** A step's numbers without its wall time, and hashes of the weights and statistics it left. */
export const numbersOf = ({ training, student }: HasTraining & HasStudent) => ({
  ...withoutTime(training),
  weights: hashOf(weightsOf(student)),
  statistics: hashOf(runningOf(student)),
})

const withoutTime = ({ seconds: _seconds, ...numbers }: TrainingMetrics): Omit<TrainingMetrics, 'seconds'> => numbers
