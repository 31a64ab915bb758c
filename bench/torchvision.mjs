/**
 * What becomes of torchvision's classifiers: `PWOA_BENCH_PYTHON=python node bench/torchvision.mjs [--only NAME,…]
 * [--newer] [--write]`, after a build. The Python needs torch, torchvision and onnx.
 *
 * Each network is exported by PyTorch with random weights, read here, compared with onnxruntime, trained for one epoch of
 * random images while filters are pruned, shrunk, exported, and compared with onnxruntime again.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))

const networks = [
  'shufflenet_v2_x0_5',
  'densenet121',
  'mobilenet_v2',
  'mobilenet_v3_small',
  'squeezenet1_1',
  'efficientnet_b0',
  'regnet_y_400mf',
  'resnet18',
  'convnext_tiny',
  'vit_small',
  'vit_b_16',
]

/** Pruned by weights, without shrinking: attention keeps its channels. */
const byWeights = ['vit_b_16']

const shape = { height: 32, width: 32, channels: 3 }
const EXAMPLES = 4

const { values: given } = parseArgs({
  options: {
    only: { type: 'string', default: networks.join(',') },
    newer: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})

const exported = (out, names) => {
  const script = fileURLToPath(new URL('torchvision_export.py', import.meta.url))
  const more = given.newer ? ['--newer'] : []
  const python = process.env.PWOA_BENCH_PYTHON ?? 'python3'
  const { status, stdout, stderr } = spawnSync(python, [script, out, ...names, ...more], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
}

/** Numbers in [0, 1), the same on every machine. */
const random = (seed) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const imagesOf = (count, seed) => {
  const next = random(seed)
  return Uint8Array.from({ length: count * 3072 }, () => Math.floor(256 * next()))
}

/** A few images of random pixels. */
const noise = (count, batchSize) => {
  const split = { count, images: imagesOf(count, 1), labels: Uint16Array.from({ length: count }, (_, i) => i % 10) }
  const dataset = { name: 'random pixels', origin: 'synthetic', classes: 10, shape, train: split, test: split }
  const open = () => async () => ({ _tag: 'Right', right: dataset })
  return { name: 'random pixels', config: { count }, batchSize, open }
}

const rightOf = (either, describe) => {
  if (either._tag === 'Left') throw new Error(describe(either.left))
  return either.right
}

/** The largest difference, relative to the largest number. */
const distance = (a, b) => {
  const most = b.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0) / most
}

const pixels = Float32Array.from(imagesOf(EXAMPLES, 7), (byte) => byte / 255)

/** The logits of onnxruntime, as many images at a time as the file takes. */
const theirs = async (bytes, fixed) => {
  const { InferenceSession, Tensor } = await import('onnxruntime-web')
  const session = await InferenceSession.create(bytes)
  const planes = Float32Array.from(pixels, (_, i) => {
    const image = Math.floor(i / 3072)
    const [channel, place] = [Math.floor((i % 3072) / 1024), i % 1024]
    return pixels[image * 3072 + place * 3 + channel]
  })
  const logits = []
  for (let i = 0; i < EXAMPLES; i += fixed) {
    const part = planes.subarray(i * 3072, (i + fixed) * 3072)
    const results = await session.run({ [session.inputNames[0]]: new Tensor('float32', part, [fixed, 3, 32, 32]) })
    logits.push(...results[session.outputNames[0]].data)
  }
  await session.release()
  return logits
}

const maskOf = (name) =>
  byWeights.includes(name)
    ? { pattern: 'irregular', rate: 4 }
    : { pattern: 'filter', rate: { budget: 'flops', keep: name === 'vit_small' ? 0.7 : 0.5 } }

const examine = async (name, file, folder) => {
  const pwoa = await import('../dist/index.js')
  const { readOnnx } = await import('../dist/io/checkpoints/onnx/readOnnx.js')
  const { selfDescribed } = await import('../dist/models/parameters/selfDescribed.js')
  const { Student } = await import('../dist/training/network/network.js')
  const engine = await import('../dist/engine/tf.js')
  const { describeError } = await import('../dist/dsl/errors.js')
  const { loadEngine } = await import('../dist/engine/load/loadEngine.js')
  const ours = async (path) => {
    const read = rightOf(await readOnnx(readFileSync(path), path, 'bench')(), describeError)
    const network = rightOf(selfDescribed('bench', path, read), describeError)
    const student = new Student(network.architecture, network.weights, network.statistics)
    const { tf } = engine
    const logits = tf.tidy(() => [...student.logits(tf.tensor4d(pixels, [EXAMPLES, 32, 32, 3])).dataSync()])
    student.dispose()
    const kept = network.weights.reduce((sum, weight) => sum + (weight === 0 ? 0 : 1), 0)
    return { logits, kept, counts: pwoa.countsOf(network.architecture), layers: network.architecture.nodes.length }
  }
  const [pruned, small] = ['pruned.onnx', 'small.onnx']
  const out = join(folder, 'run')
  const { pipeline, loadTeacher, crossEntropy, magnitudePrune, shrink, exportModel } = pwoa
  const run = pipeline('torchvision', noise(32, 16))
    .pipe(
      loadTeacher(file),
      crossEntropy(),
      magnitudePrune({ ...maskOf(name), epochs: 0, retrainEpochs: 1 }),
      exportModel(pruned),
      ...(byWeights.includes(name) ? [] : [shrink(), exportModel(small)]),
    )
    .run({ out })
  rightOf(await run.result, describeError)
  await loadEngine('auto')
  const before = await ours(file)
  const last = byWeights.includes(name) ? pruned : small
  const [masked, shrunk] = [await ours(join(out, pruned)), await ours(join(out, last))]
  const fixed = given.newer ? 2 : EXAMPLES
  return {
    layers: before.layers,
    parameters: before.counts.parameters,
    read: distance(before.logits, await theirs(readFileSync(file), fixed)),
    keptParameters: (byWeights.includes(name) ? shrunk.kept : shrunk.counts.parameters) / before.counts.parameters,
    keptFlops: shrunk.counts.flops / before.counts.flops,
    shrunk: distance(shrunk.logits, masked.logits),
    written: distance(shrunk.logits, await theirs(readFileSync(join(out, last)), EXAMPLES)),
  }
}

const percent = (share) => `${(100 * share).toFixed(1)} %`

const row = ({ name, error, result }) =>
  error !== undefined
    ? `| \`${name}\` | ${error} | | | | | | |`
    : `| \`${name}\` | ${result.layers} | ${result.parameters} | ${result.read.toExponential(1)} | ${percent(result.keptParameters)} | ${percent(result.keptFlops)} | ${result.shrunk.toExponential(1)} | ${result.written.toExponential(1)} |`

const folder = mkdtempSync(join(tmpdir(), 'pwoa-torchvision-'))
const rows = []
let versions = ''
try {
  for (const { name, file, error, torch, torchvision } of exported(folder, given.only.split(','))) {
    versions = `torch ${torch.split('+')[0]}, torchvision ${torchvision.split('+')[0]}`
    const result = error === undefined ? await examine(name, file, mkdtempSync(join(folder, `${name}-`))) : undefined
    rows.push(row({ name, error, result }))
    process.stderr.write(`${rows.at(-1)}\n`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

const text = `# torchvision's classifiers

Written by \`node bench/torchvision.mjs --write\`. Each network has random weights and images of 32 x 32 pixels, is exported by PyTorch (opset 17, the exporter of TorchScript), read here (layers, parameters), and compared with onnxruntime ("read": the largest difference of logits, relative to the largest logit). Then it is trained for one epoch of random images while filters are pruned to half of the operations, and shrunk: what is left of parameters and operations, and the difference between the shrunk network and the pruned one. "Written" compares the shrunk network with its ONNX file in onnxruntime. \`vit_small\` is the VisionTransformer of \`vit_b_16\` with patches of 8 x 8 and 2 layers of 32 channels, pruned to 70 %, as attention keeps its channels. \`vit_b_16\` has its full width; a quarter of its weights is kept, wherever they are, so that it is not shrunk.

| network | layers | parameters | read | parameters left | operations left | shrunk | written |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.join('\n')}

- ${versions}; Node ${process.versions.node}.
`
process.stdout.write(text)
if (given.write) writeFileSync(join(root, 'docs', 'results', 'torchvision.md'), text)
process.exit()
