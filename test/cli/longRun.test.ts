import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inLong } from '../support/longer.js'
import { needing } from '../support/needs.js'
import { buildCommand, folderWith } from './commandLine.js'

let command: Awaited<ReturnType<typeof buildCommand>>
beforeAll(async () => {
  command = await buildCommand()
})
afterAll(() => command.remove())

const STEPS = 20_000

/** Steps between two measurements of memory, each after a garbage collection. The first is left out as a warm-up. */
const EVERY = STEPS / 20

interface Measurement {
  readonly step: number
  readonly tensors: number
  readonly tensorBytes: number
  readonly heap: number
  readonly buffers: number
  readonly resident: number
}

/** A complete run with records and checkpoints, whose steps are as cheap as possible: 10 per epoch, on one linear layer. */
const script = (index: string): string => `
import { architecture, blockNoise, crossEntropy, flatten, initialise, linear, perturb, pipeline, syntheticDigits, tf, train
} from ${JSON.stringify(index)}

const network = architecture('linear', { height: 28, width: 28, channels: 1 }, [flatten(), linear('l', { out: 10 })])
const run = pipeline('long', syntheticDigits({ train: 40, test: 10, batchSize: 4 })).pipe(
  initialise(network), perturb(blockNoise({ epsilon: 0.3 })), crossEntropy(), train({ epochs: ${STEPS / 10} }),
).run({ out: 'run' })
const measurements = []
run.metrics$.subscribe(({ step }) => {
  if (step % ${EVERY} !== 0) return
  globalThis.gc()
  const { heapUsed: heap, arrayBuffers: buffers, rss: resident } = process.memoryUsage()
  const { numTensors: tensors, numBytes: tensorBytes } = tf.memory()
  measurements.push({ step, tensors, tensorBytes, heap, buffers, resident })
})
const ended = await run.result
process.stdout.write(JSON.stringify(ended._tag === 'Right' ? measurements : ended))
process.exit()
`

test(`memory stays constant over ${STEPS} steps of a run`, needing(inLong), async () => {
  const index = pathToFileURL(join(dirname(command.main), '..', 'index.js')).href
  const cwd = folderWith({ 'long.mjs': script(index) })
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', 'long.mjs'], { cwd })
  const measurements: readonly Measurement[] = JSON.parse(stdout)
  expect(measurements.map(({ step }) => step)).toEqual(Array.from({ length: STEPS / EVERY }, (_, i) => EVERY * (i + 1)))
  const settled = measurements.slice(1)
  expect(new Set(settled.map(({ tensors }) => tensors)).size).toBe(1)
  expect(new Set(settled.map(({ tensorBytes }) => tensorBytes)).size).toBe(1)
  // Memory that is freed late makes peaks, so the minimum of each half is compared.
  const half = settled.length >> 1
  const least = (part: readonly Measurement[], figure: (one: Measurement) => number): number =>
    Math.min(...part.map(figure))
  const growth = (figure: (one: Measurement) => number): number =>
    least(settled.slice(half), figure) - least(settled.slice(0, half), figure)
  // Below 100 bytes per step of the whole: a run keeps the time of each step, for the median.
  expect(growth(({ heap }) => heap)).toBeLessThan(1e6)
  expect(growth(({ buffers }) => buffers)).toBeLessThan(1e6)
  expect(growth(({ resident }) => resident)).toBeLessThan(32e6)
})
