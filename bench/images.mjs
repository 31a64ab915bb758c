/**
 * What images cost in addition to training: `node bench/images.mjs --data-dir DIR [--steps 12] [--write]`, after a build.
 *
 * Each figure comes from its own process: reading CIFAR-10 a second time, from the packed file of the first reading;
 * shuffling, cropping and flipping minibatches, as a share of the ResNet-18 steps that use them; and the peak memory of a WideResNet-34-10 step with its minibatch of 128.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { tap } from 'rxjs'
import { answerOf, grey, median } from './runs.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const script = fileURLToPath(import.meta.url)

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'data-dir': { type: 'string' },
    steps: { type: 'string', default: '12' },
    write: { type: 'boolean', default: false },
  },
})
const dataDir = values['data-dir']
if (dataDir === undefined) {
  process.stderr.write('usage: node bench/images.mjs --data-dir DIR [--steps 12] [--write]\n')
  process.exit(2)
}

const WARM_UP = 2

/** The seconds of a run's steps, with their minibatches and without the warm-up. Then the run is stopped. */
const stepsOf = async (made, steps, options = {}) => {
  const out = mkdtempSync(join(tmpdir(), 'pwoa-images-'))
  const run = made.run({ ...options, out: join(out, 'run'), checkpoints: { everySteps: 1_000_000_000 } })
  const whole = []
  run.metrics$.subscribe(({ seconds }) => {
    whole.push(seconds)
    if (whole.length === steps + WARM_UP) run.stop()
  })
  const ended = await run.result
  rmSync(out, { recursive: true, force: true })
  if (ended.left !== undefined && ended.left._tag !== 'InterruptedError') throw new Error(JSON.stringify(ended.left))
  return whole.slice(WARM_UP)
}

/** Each returns its figures, in its own process. */
const parts = {
  load: async () => {
    const { cifar10 } = await import('../dist/index.js')
    const began = performance.now()
    const opened = await cifar10().open({ dataDir, seed: 0, signal: new AbortController().signal })()
    if (opened._tag === 'Left') throw new Error(JSON.stringify(opened.left))
    const { name, train, test } = opened.right
    return { seconds: (performance.now() - began) / 1000, name, count: train.count + test.count }
  },
  steps: async () => {
    const { cifar10, crossEntropy, horizontalFlip, initialise, pipeline, randomCrop, resnet18, train } = await import(
      '../dist/index.js'
    )
    const images = cifar10({ batchSize: 128, augment: [randomCrop({ padding: 4 }), horizontalFlip()] })
    const data = []
    const made = pipeline('images', images).pipe(
      tap(({ minibatch }) => data.push((performance.now() - minibatch.began) / 1000)),
      initialise(resnet18()),
      crossEntropy(),
      train({ epochs: 1 }),
    )
    const whole = await stepsOf(made, Number(values.steps), { dataDir })
    return {
      step: median(whole),
      data: median(data.slice(WARM_UP)),
      share: median(whole.map((s, i) => data[i + WARM_UP] / s)),
    }
  },
  wide: async () => {
    const { crossEntropy, hsicRegularize, initialise, pipeline, train, wideResnet } = await import('../dist/index.js')
    const made = pipeline('wide', grey(384, 128)).pipe(
      initialise(wideResnet({ depth: 34, factor: 10 })),
      crossEntropy(),
      hsicRegularize({ lambdaX: 2e-5, lambdaY: 1e-4 }),
      train({ epochs: 1 }),
    )
    const whole = await stepsOf(made, 1)
    return { step: median(whole), gibibytes: process.resourceUsage().maxRSS / 2 ** 20 }
  },
}

const [part] = positionals
if (part !== undefined) {
  process.stdout.write(JSON.stringify(await parts[part]()))
  process.exit()
}

const processOf = (name) => {
  const answer = answerOf(script, name, '--data-dir', dataDir, '--steps', values.steps)
  process.stderr.write(`bench: ${name}: ${JSON.stringify(answer)}\n`)
  return answer
}

processOf('load')
const loaded = processOf('load')
const steps = processOf('steps')
const wide = processOf('wide')

const page = `# Images

Written by \`node bench/images.mjs --data-dir DIR --write\`, after a build. Each figure comes from its own process.

| what | measured | aim |
| --- | --- | --- |
| read ${loaded.name}, ${loaded.count.toLocaleString('en-GB')} images, from the packed file of an earlier run | ${loaded.seconds.toFixed(2)} s | under 1 s |
| prepare a minibatch of 128 (shuffled, cropped, flipped, as tensors), and its share of the ResNet-18 training step that uses it (${steps.step.toFixed(2)} s) | ${(1000 * steps.data).toFixed(1)} ms, ${(100 * steps.share).toFixed(2)} % | under 3 % |
| peak memory of a process that trains WideResNet-34-10 with HSIC, minibatches of 128 | ${wide.gibibytes.toFixed(1)} GiB | within 16 GB |

- Steps: medians of ${values.steps} in one run, after ${WARM_UP} of warm-up. The share is the median of the shares of single steps, so other load on the machine affects both times.
- WideResNet-34-10 needs neither gradient accumulation nor recomputed activations, so there is no such option.
- ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, node ${process.version}.
`
process.stdout.write(page)
if (values.write) writeFileSync(join(root, 'docs', 'results', 'images.md'), page)
