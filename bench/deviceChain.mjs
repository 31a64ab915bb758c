/**
 * A network's stages on the way to a device, for docs/results/device.md: its filters are pruned, it is shrunk, exported,
 * run by onnxruntime and read again; it is attacked after each stage.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-web'
import {
  apgd,
  attackEval,
  blockNoise,
  cifar10,
  describeError,
  distill,
  exportModel,
  loadTeacher,
  magnitudePrune,
  mnist,
  perturb,
  pipeline,
  runAttack,
  shrink,
  tf,
} from '../dist/index.js'
import { readCheckpoint } from '../dist/io/checkpoints/readCheckpoint.js'
import { countsOf } from '../dist/models/parameters/counts.js'
import { parametersOf } from '../dist/models/parameters/parameters.js'
import { selfDescribed } from '../dist/models/parameters/selfDescribed.js'
import { calibrate } from '../dist/training/network/calibrate.js'
import { imagesOf, labelsOf } from '../dist/training/network/images.js'
import { Student } from '../dist/training/network/network.js'

const EXAMPLES = 300
const EPOCHS = 2
const BATCH = 100
const SEED = 0
const RATE = { budget: 'flops', keep: 0.5 }

const attacksOf = (epsilon) => [apgd({ epsilon }), apgd({ epsilon, loss: 'dlr' })]

const right = (either) => {
  if (either._tag === 'Left') throw new Error(describeError(either.left))
  return either.right
}

/** Runs a pipeline in its own folder. @returns its summary, the outcome of each example, and the paths of its files */
const ran = async (built, folder, dataDir) => {
  const summary = right(await built.run({ dataDir, out: folder, seed: SEED }).result)
  const lines = readFileSync(join(folder, 'attacks.jsonl'), 'utf8').trim().split('\n')
  const outcomes = lines.map((line) => JSON.parse(line)).map(({ index, brokenBy }) => `${index} ${brokenBy}`)
  return { folder, outcomes, accuracies: summary.after ?? summary.before, before: summary.before }
}

const opened = async (source, dataDir) =>
  right(await source.open({ dataDir, seed: SEED, signal: new AbortController().signal })())

const loaded = async (file) => selfDescribed('device', file, right(await readCheckpoint(file)()))

/** The weights rounded as in the int8 file: one scale for each output. */
const roundedWeights = (architecture, weights) => {
  const rounded = weights.slice()
  for (const { role, offset, size, shape } of parametersOf(architecture)) {
    if (role !== 'weight') continue
    const outputs = shape.at(-1)
    const most = new Float64Array(outputs)
    for (let i = 0; i < size; i++) most[i % outputs] = Math.max(most[i % outputs], Math.abs(weights[offset + i]))
    for (let i = 0; i < size; i++) {
      const scale = most[i % outputs] / 127 || 1
      rounded[offset + i] = Math.round(weights[offset + i] / scale) * scale
    }
  }
  return rounded
}

/** The final images of an attack, for all examples. */
const adversarial = (student, attack, data) => {
  const pixels = new Float32Array((EXAMPLES * data.test.images.length) / data.test.count)
  for (let first = 0; first < EXAMPLES; first += BATCH) {
    const indices = Uint32Array.from({ length: BATCH }, (_, i) => first + i)
    const found = tf.tidy(() => {
      const images = imagesOf(data.test, data.shape, indices)
      const labels = labelsOf(data.test, data.classes, indices)
      return runAttack(attack, { classifier: (x) => student.logits(x), images, labels, indices, seed: SEED })
    })
    pixels.set(found.dataSync(), (first / BATCH) * found.size)
    found.dispose()
  }
  return pixels
}

const natural = ({ test, shape }) =>
  tf.tidy(() =>
    imagesOf(
      test,
      shape,
      Uint32Array.from({ length: EXAMPLES }, (_, i) => i),
    )
      .dataSync()
      .slice(),
  )

/** Logits of a file in onnxruntime; pixels are examples × height × width × channels. */
const runtimeLogits = async (file, pixels, { height, width, channels }) => {
  const size = height * width
  const planes = Float32Array.from(pixels, (_, i) => {
    const within = i % (size * channels)
    return pixels[i - within + (within % size) * channels + Math.floor(within / size)]
  })
  const session = await InferenceSession.create(readFileSync(file))
  const results = await session.run({
    [session.inputNames[0]]: new Tensor('float32', planes, [EXAMPLES, channels, height, width]),
  })
  const logits = results[session.outputNames[0]].data
  await session.release()
  return logits
}

const ourLogits = (student, pixels, { height, width, channels }) =>
  tf.tidy(() =>
    student
      .logits(tf.tensor4d(pixels, [EXAMPLES, height, width, channels]))
      .dataSync()
      .slice(),
  )

const classesIn = (logits, classes) =>
  Array.from({ length: EXAMPLES }, (_, i) => {
    const row = logits.subarray(i * classes, (i + 1) * classes)
    return row.indexOf(Math.max(...row))
  })

const percent = (fraction) => (100 * fraction).toFixed(1)

/** One network from its checkpoint to a device, as text for the page. */
const travelled = async ({ title, checkpoint, architecture, source, dataDir, epsilon }, folder) => {
  const attacks = attacksOf(epsilon)
  const measured = (subjects) => attackEval(attacks, { examples: EXAMPLES, batchSize: BATCH, subjects })
  const pruned = () =>
    pipeline('device', source).pipe(
      loadTeacher(checkpoint, { architecture }),
      perturb(blockNoise({ epsilon })),
      distill({ temperature: 10 }),
      magnitudePrune({ pattern: 'filter', rate: RATE, retrainEpochs: EPOCHS }),
    )
  const masked = await ran(
    pruned().pipe(measured(['before', 'after']), exportModel('pruned.safetensors')),
    join(folder, 'pruned'),
    dataDir,
  )
  const shrunk = await ran(
    pruned().pipe(shrink(), measured(['after']), exportModel('small.onnx'), exportModel('small.int8.onnx')),
    join(folder, 'shrunk'),
    dataDir,
  )
  const files = { float: join(shrunk.folder, 'small.onnx'), int8: join(shrunk.folder, 'small.int8.onnx') }
  const again = await ran(
    pipeline('device', source).pipe(loadTeacher(files.float), measured(['before'])),
    join(folder, 'again'),
    dataDir,
  )

  const data = await opened(source, dataDir)
  const wide = right(await loaded(join(masked.folder, 'pruned.safetensors')))
  const small = right(await loaded(files.float))
  const student = new Student(small.architecture, small.weights, small.statistics)
  const folded = calibrate(small, data)
  const coarse = new Student(folded.architecture, roundedWeights(folded.architecture, folded.weights))
  const sets = {
    natural: [natural(data)],
    float: attacks.map((attack) => adversarial(student, attack, data)),
    int8: attacks.map((attack) => adversarial(coarse, attack, data)),
  }
  const labels = data.test.labels
  const standing = { natural: [], float: [], int8: [] }
  let [same, largest, difference] = [0, 0, 0]
  for (const [name, each] of Object.entries(sets))
    for (const pixels of each) {
      const [mine, theirs, integers] = [
        ourLogits(student, pixels, data.shape),
        await runtimeLogits(files.float, pixels, data.shape),
        await runtimeLogits(files.int8, pixels, data.shape),
      ]
      const [a, b] = [mine, theirs].map((logits) => classesIn(logits, data.classes))
      same += a.filter((one, i) => one === b[i]).length
      for (const [i, value] of mine.entries()) {
        largest = Math.max(largest, Math.abs(value))
        difference = Math.max(difference, Math.abs(value - theirs[i]))
      }
      standing[name].push(classesIn(integers, data.classes).map((one, i) => one === labels[i]))
    }
  student.dispose()
  coarse.dispose()
  const share = (...names) => {
    const all = names.flatMap((name) => standing[name])
    return percent(all[0].filter((_, i) => all.every((each) => each[i])).length / EXAMPLES)
  }
  const agreeing = (other) => masked.outcomes.filter((line, i) => line === other.outcomes[i]).length
  const robust = ({ attacks: found }) => percent(Math.min(...Object.values(found)))
  const of = `${EXAMPLES} of ${EXAMPLES}`
  const compared = (other) => `${agreeing(other)} of ${EXAMPLES}`
  const runs = (1 + 2 * attacks.length) * EXAMPLES
  const [before, after] = [wide, small].map(({ architecture: net }) => countsOf(net))
  const rows = [
    ['as released', percent(masked.before.clean), robust(masked.before), ''],
    ['pruned, before shrinking', percent(masked.accuracies.clean), robust(masked.accuracies), of],
    ['shrunk', percent(shrunk.accuracies.clean), robust(shrunk.accuracies), compared(shrunk)],
    ['`.onnx`, read again', percent(again.accuracies.clean), robust(again.accuracies), compared(again)],
    ['`.int8.onnx` in onnxruntime, images attacked on `.onnx`', share('natural'), share('natural', 'float'), ''],
    ['the same, also images attacked on the int8 weights', share('natural'), share('natural', 'float', 'int8'), ''],
  ]
  const lines = [['', 'clean %', 'robust %', 'same outcome as pruned'], ['---', '---:', '---:', '---:'], ...rows].map(
    (cells) => `| ${cells.join(' | ')} |`,
  )
  return `### ${title}: ${data.name}

${lines.join('\n')}

Parameters ${before.parameters.toLocaleString('en')} → ${after.parameters.toLocaleString('en')}, operations per image ${(before.flops / 1e6).toFixed(2)} → ${(after.flops / 1e6).toFixed(2)} MFLOPs. onnxruntime predicts the same class as pwoa for ${same} of ${runs} natural and adversarial images on ${data.name}; the logits differ by at most ${(difference / largest).toExponential(1)} of the largest.`
}

/**
 * @param folders `mnist` and `cifar` of data, `checkpoints` of the public networks
 * @returns the text below the heading
 */
export const chainSection = async ({ mnist: mnistDir, cifar, checkpoints }) => {
  const folder = mkdtempSync(join(tmpdir(), 'pwoa-device-'))
  try {
    const networks = [
      {
        title: '`mnist_fastat_pgd.pth`, ε = 0.3',
        checkpoint: join(checkpoints, 'mnist_fastat_pgd.pth'),
        architecture: 'mnistNet',
        source: mnist(),
        dataDir: mnistDir,
        epsilon: 0.3,
      },
      {
        title: '`cifar_small_8px.pth`, ε = 8/255',
        checkpoint: join(checkpoints, 'cifar_small_8px.pth'),
        architecture: 'cifarNet',
        source: cifar10(),
        dataDir: cifar,
        epsilon: 8 / 255,
      },
    ]
    const parts = []
    for (const [i, network] of networks.entries()) parts.push(await travelled(network, join(folder, String(i))))
    return `Public robust networks, filters pruned by magnitude with \`rate: { budget: '${RATE.budget}', keep: ${RATE.keep} }\`, ${EPOCHS} epochs of retraining by distillation on block noise, seed ${SEED}; then \`shrink\`, \`exportModel\`, and \`loadTeacher\` on the exported file. "Robust" is the accuracy on the first ${EXAMPLES} test images under APGD, with cross-entropy and then DLR, 100 steps each. The outcome of an example is the attack that broke it, if any.

${parts.join('\n\n')}

- onnxruntime itself evaluates the int8 file: an image survives if the file classifies it correctly both unchanged and after each attack. The attacks use the gradients of the float network, and those of the same network with the weights of the int8 file (activations not rounded).
- The images are few and the training is short: this page shows that export and import lose nothing, not how well pruning works.`
  } finally {
    rmSync(folder, { recursive: true })
  }
}
