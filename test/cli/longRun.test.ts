import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildCommand, folderWith } from './commandLine.js'

let command: Awaited<ReturnType<typeof buildCommand>>
beforeAll(async () => {
  command = await buildCommand()
})
afterAll(() => command.remove())

const STEPS = 20_000

/** A look at memory each so many steps, all garbage collected; the first ones are left out: they warm up. */
const EVERY = 1000

interface Look {
  readonly step: number
  readonly tensors: number
  readonly tensorBytes: number
  readonly heap: number
  readonly buffers: number
  readonly resident: number
}

/** A whole run with its books and checkpoints, whose steps are as cheap as can be: 10 in an epoch, on one linear layer. */
const script = (index: string): string => `
import { architecture, blockNoise, crossEntropy, flatten, initialise, linear, perturb, pipeline, syntheticDigits, tf, train
} from ${JSON.stringify(index)}

const network = architecture('linear', { height: 28, width: 28, channels: 1 }, [flatten(), linear('l', { out: 10 })])
const run = pipeline('long', syntheticDigits({ train: 40, test: 10, batchSize: 4 })).pipe(
  initialise(network), perturb(blockNoise({ epsilon: 0.3 })), crossEntropy(), train({ epochs: ${STEPS / 10} }),
).run({ out: 'run' })
const looks = []
run.metrics$.subscribe(({ step }) => {
  if (step % ${EVERY} !== 0) return
  globalThis.gc()
  const { heapUsed: heap, arrayBuffers: buffers, rss: resident } = process.memoryUsage()
  const { numTensors: tensors, numBytes: tensorBytes } = tf.memory()
  looks.push({ step, tensors, tensorBytes, heap, buffers, resident })
})
const ended = await run.result
process.stdout.write(JSON.stringify(ended._tag === 'Right' ? looks : ended))
process.exit()
`

test(`memory is flat over ${STEPS} steps of a run`, async () => {
  const index = pathToFileURL(join(dirname(command.main), '..', 'index.js')).href
  const cwd = folderWith({ 'long.mjs': script(index) })
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', 'long.mjs'], { cwd })
  const looks: readonly Look[] = JSON.parse(stdout)
  expect(looks.map(({ step }) => step)).toEqual(Array.from({ length: STEPS / EVERY }, (_, i) => EVERY * (i + 1)))
  const settled = looks.slice(1)
  expect(new Set(settled.map(({ tensors }) => tensors)).size).toBe(1)
  expect(new Set(settled.map(({ tensorBytes }) => tensorBytes)).size).toBe(1)
  // What is freed late makes peaks: the least of a half tells what stays.
  const half = settled.length >> 1
  const least = (part: readonly Look[], figure: (look: Look) => number): number => Math.min(...part.map(figure))
  const growth = (figure: (look: Look) => number): number =>
    least(settled.slice(half), figure) - least(settled.slice(0, half), figure)
  // Below 100 bytes a step: a run keeps each step's time, for the median.
  expect(growth(({ heap }) => heap)).toBeLessThan(1e6)
  expect(growth(({ buffers }) => buffers)).toBeLessThan(1e6)
  expect(growth(({ resident }) => resident)).toBeLessThan(32e6)
})
