/**
 * Our side of `npm run bench attacks`, in its own process: takes the flags of attacks_torchattacks.py, does the same work
 * and prints the same line.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { apgd } from '../src/attacks/apgd/apgd.js'
import { apgdTargeted } from '../src/attacks/apgd/apgdTargeted.js'
import { autoAttack } from '../src/attacks/autoAttack.js'
import type { Attack, AttackSequence, Classifier } from '../src/attacks/common/attack.js'
import { fabTargeted } from '../src/attacks/fab/fabTargeted.js'
import { pgd } from '../src/attacks/pgd.js'
import { square } from '../src/attacks/square/square.js'
import { valueOf, valueOfTask } from '../src/dsl/errors.js'
import { loadEngine } from '../src/engine/load/loadEngine.js'
import { tf } from '../src/engine/tf.js'
import { readCheckpoint } from '../src/io/checkpoints/readCheckpoint.js'
import { readIdxImages, readIdxLabels } from '../src/io/datasets/mnist/idx.js'
import { mnistFolder } from '../src/io/datasets/mnist/mnistFolder.js'
import { packNetwork } from '../src/models/parameters/weights.js'
import { mnistNet } from '../src/models/zoo/zoo.js'
import { Student } from '../src/training/network/network.js'
import type { AttackName, Side } from './attackReport.js'

const classes = 10
const pixels = 28 * 28

const makers: Readonly<Record<AttackName, (epsilon: number) => Attack | AttackSequence>> = {
  pgd: (epsilon) => pgd({ epsilon, steps: 40, stepSize: 0.01 }),
  'apgd-ce': (epsilon) => apgd({ epsilon }),
  'apgd-t': (epsilon) => apgdTargeted({ epsilon }),
  'fab-t': (epsilon) => fabTargeted({ epsilon, search: 'within' }),
  square: (epsilon) => square({ epsilon }),
  autoattack: (epsilon) => autoAttack({ epsilon }),
}

/** The first test images, in [0, 1], and their labels. */
const readExamples = async (dataDir: string, count: number) => {
  const paths = await mnistFolder(dataDir, { signal: new AbortController().signal })
  const images = valueOf(readIdxImages(readFileSync(paths.testImages), paths.testImages)).pixels
  const labels = valueOf(readIdxLabels(readFileSync(paths.testLabels), paths.testLabels, classes))
  if (labels.length < count) throw new Error(`expected at most ${labels.length} examples`)
  return { images: Float32Array.from(images.subarray(0, count * pixels), (byte) => byte / 255), labels }
}

type Examples = Awaited<ReturnType<typeof readExamples>>

const batchOf = ({ images, labels }: Examples, indices: Uint32Array) => {
  const values = new Float32Array(indices.length * pixels)
  for (const [row, index] of indices.entries())
    values.set(images.subarray(index * pixels, (index + 1) * pixels), row * pixels)
  const ours = Int32Array.from(indices, (index) => labels[index] ?? 0)
  return {
    images: tf.tensor4d(values, [indices.length, 28, 28, 1]),
    labels: tf.tidy(() => tf.oneHot(tf.tensor1d(ours, 'int32'), classes, 1, 0, 'float32') as Tensor2D),
  }
}

const partsOf = (indices: Uint32Array, size: number): readonly Uint32Array[] =>
  Array.from({ length: Math.ceil(indices.length / size) }, (_, i) => indices.slice(i * size, (i + 1) * size))

const figureOf = (tensor: Tensor): number => tensor.dataSync()[0] ?? Number.NaN

interface Work {
  readonly classifier: Classifier
  readonly examples: Examples
  readonly batch: number
  readonly epsilon: number
  readonly seed: number
}

/** The examples that are classified correctly after the attack, or without an attack if none is given. */
const standingAfter = (work: Work, indices: Uint32Array, attack?: Attack): Uint32Array => {
  const { classifier, examples, batch, epsilon, seed } = work
  const standing = partsOf(indices, batch).flatMap((part) => {
    const { images, labels } = batchOf(examples, part)
    const after = attack ? ran(attack, { ...work, images, labels, indices: part, seed }) : images
    if (attack) checkInside(attack.name, epsilon, images, after)
    const guesses = tf.tidy(() => tf.argMax(classifier(after), 1).dataSync())
    tf.dispose([images, labels, after])
    return Array.from(part).filter((index, row) => guesses[row] === examples.labels[index])
  })
  return Uint32Array.from(standing)
}

const ran = ({ perturb }: Attack, input: Parameters<Attack['perturb']>[0]): Tensor4D => {
  const perturbing = perturb(input)
  for (;;) {
    const { done, value } = perturbing.next()
    if (done) return value
  }
}

const checkInside = (name: string, epsilon: number, images: Tensor4D, after: Tensor4D): void => {
  const [distance = Number.NaN, low = Number.NaN, high = Number.NaN] = tf.tidy(() =>
    [tf.max(tf.abs(tf.sub(after, images))), tf.min(after), tf.max(after)].map(figureOf),
  )
  if (!(distance <= epsilon + 1e-6 && low >= 0 && high <= 1)) throw new Error(`${name} left the ball: ${distance}`)
}

const flag = { type: 'string' } as const
const { values } = parseArgs({
  options: {
    attack: flag,
    'data-dir': flag,
    checkpoint: flag,
    engine: { ...flag, default: 'auto' },
    examples: { ...flag, default: '250' },
    batch: { ...flag, default: '250' },
    epsilon: { ...flag, default: '0.3' },
    seed: { ...flag, default: '0' },
  },
})
const { checkpoint = '', 'data-dir': dataDir = '' } = values
const [count, batch, epsilon, seed] = [values.examples, values.batch, values.epsilon, values.seed].map(Number) as [
  number,
  number,
  number,
  number,
]

await loadEngine(values.engine as 'auto')
const { tensors } = await valueOfTask(readCheckpoint(checkpoint))
const { weights } = valueOf(packNetwork('bench', checkpoint, mnistNet, tensors))
const student = new Student(mnistNet, weights)
let passes = 0
const work: Work = {
  classifier: (images) => {
    passes += images.shape[0]
    return student.logits(images)
  },
  examples: await readExamples(dataDir, count),
  batch,
  epsilon,
  seed,
}
const all = Uint32Array.from({ length: count }, (_, i) => i)
const attack = makers[values.attack as AttackName](epsilon)
standingAfter(work, all.slice(0, batch), pgd({ epsilon, steps: 5, stepSize: 0.01 })) // warm-up

passes = 0
const began = performance.now()
const clean = standingAfter(work, all)
const stages = 'stages' in attack ? attack.stages : [attack]
const robust = stages.reduce((standing, stage) => standingAfter(work, standing, stage), clean)
const side: Side = {
  seconds: (performance.now() - began) / 1000,
  clean: clean.length / count,
  robust: robust.length / count,
  passes: passes / count,
  mebibytes: process.resourceUsage().maxRSS / 1024,
}
process.stdout.write(`${JSON.stringify(side)}\n`)
