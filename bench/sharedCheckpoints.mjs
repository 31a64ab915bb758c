/**
 * Public robust networks, read here and by their own frameworks: `PWOA_BENCH_PYTHON=python node bench/sharedCheckpoints.mjs
 * [--shared ../shared] [--images 1000] [--write]`, after a build. The Python needs torch, numpy and onnxruntime.
 *
 * Each file of SHARED/checkpoints is read as `loadTeacher` reads it, and its clean accuracy and logits on test images are
 * compared with those of `shared_checkpoints.py`. Files that are not to be read must be refused.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeError, toPwoaError, valueOf } from '../dist/dsl/errors.js'
import { loadEngine } from '../dist/engine/load/loadEngine.js'
import { tf } from '../dist/engine/tf.js'
import { cifar10, mnist } from '../dist/index.js'
import { readCheckpoint } from '../dist/io/checkpoints/readCheckpoint.js'
import { numbersOf } from '../dist/models/architecture/imageNormalisations.js'
import { normalisationOf, withNormalisation } from '../dist/models/parameters/normalisation.js'
import { selfDescribed } from '../dist/models/parameters/selfDescribed.js'
import { sizedNetwork } from '../dist/models/zoo/families.js'
import { Student } from '../dist/training/network/network.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values: given } = parseArgs({
  options: {
    shared: { type: 'string', default: join(root, '..', 'shared') },
    images: { type: 'string', default: '1000' },
    write: { type: 'boolean', default: false },
  },
})
const folder = mkdtempSync(join(tmpdir(), 'pwoa-shared-'))
process.env.PWOA_CACHE = join(folder, 'cache')

/** Normalisations by the letters of the folder's README. */
const K = { mean: [0.485, 0.456, 0.406], std: [0.225, 0.225, 0.225] }
const S = { mean: [125.3 / 255, 123 / 255, 113.9 / 255], std: [63 / 255, 62.1 / 255, 66.7 / 255] }
const E = { mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.201] }
const letters = { C: 'cifar10', K, S, E, M: 'mnist', none: 'none' }

/** Each file: what `loadTeacher` is given (no architecture for ONNX), and the letter of its normalisation. */
const files = {
  'mnist_fastat_pgd.pth': ['mnistNet', 'none'],
  'mnist_fastat_fgsm.pth': ['mnistNet', 'none'],
  'mnist_lenet5_clntrained.pt': ['lenet5', 'none'],
  'cifar_small_8px.pth': ['cifarNet', 'K'],
  'cifar10/resnet2b_model_best.pth': ['resnet2b', 'C'],
  'cifar10/cifar_cnn_a_adv4.model': ['cifarNet', 'S'],
  'cifar10/cifar_cnn_a_mix4.model': ['cifarNet', 'S'],
  'cifar10/cifar_base_kw.pth': ['ovalBase', 'K'],
  'cifar10/cifar_deep_kw.pth': ['ovalDeep', 'K'],
  'cifar10/cifar_madry_8px.pth': ['cifarNet', 'K'],
  'cifar10/mnbab_resnet_2b.pth': ['resnet2bMnbab', 'C'],
  'cifar10/cifar_small_36px_l2.pth': ['cifarNet', 'K'],
  'cifar10-onnx/sri_resnet_a.onnx': [null, 'E'],
  'cifar10-onnx/resnet_2b.onnx': [null, 'C'],
  'cifar10-onnx/oval21_cifar_base_kw.onnx': [null, 'K'],
  'cifar10-onnx/marabou_cifar_wide_kw_simp.onnx': [null, 'K'],
  'cifar10-onnx/marabou_cifar10_small.onnx': [null, 'none'],
  'cifar10-onnx/marabou_cifar10_medium.onnx': [null, 'none'],
  'mnist/trades_mnist_smallcnn.pt': ['smallCnn', 'none'],
  'mnist/mnist_cnn_a_adv.model': ['mnistNet', 'none'],
  'mnist/mnist_wide_kw.pth': ['mnistNet', 'none'],
  'mnist/colt_mnist_0.1_convmed.pt': ['coltMnist', 'M'],
  'mnist-onnx/colt_mnist_0.1.onnx': [null, 'M'],
  'mnist-onnx/eran_convSmallRELU__DiffAI.onnx': [null, 'M'],
  'mnist-onnx/eran_mnist_conv_maxpool.onnx': [null, 'M'],
  'mnist-onnx/mnistfc_256x2.onnx': [null, 'none'],
  'mnist-onnx/verivital_Convnet_avgpool.onnx': [null, 'none'],
  'mnist-onnx/verivital_Convnet_maxpool.onnx': [null, 'none'],
  'mnist-onnx/marabou_self-attention-mnist-pgd-medium-sim.onnx': [null, 'none'],
}

/** Their own frameworks end these by a softmax, which is cut off here: logits of both are compared after a softmax. */
const probabilities = ['mnist-onnx/marabou_self-attention-mnist-pgd-medium-sim.onnx']

/** Files that are not what their names say, and the architecture that they would be taken for. */
const traps = { 'cifar10/cifar_wide_adv.pth': 'cifarNet' }

const checkpoints = join(given.shared, 'checkpoints')
const there = readdirSync(checkpoints, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && !entry.name.endsWith('.md'))
  .map((entry) => relative(checkpoints, join(entry.parentPath, entry.name)))
const unknown = there.filter((file) => !Object.hasOwn(files, file) && !Object.hasOwn(traps, file))
if (unknown.length > 0) throw new Error(`no row for ${unknown.join(', ')}`)

const count = Number(given.images)

/** The first test images of CIFAR-10 (JPEG), as many of each class, as a folder of its own. */
const jpegFolder = () => {
  const out = join(folder, 'jpeg')
  mkdirSync(out)
  const classes = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']
  const numbers = Array.from({ length: Math.ceil(count / classes.length) }, (_, i) => String(i).padStart(4, '0'))
  const names = classes.flatMap((name) => [`train/${name}/0000.jpg`, ...numbers.map((i) => `test/${name}/${i}.jpg`)])
  const archive = join(given.shared, 'data/cifar10/cifar10-jpeg.tar.xz')
  const { status } = spawnSync('tar', ['-xf', archive, '-C', out, ...names], { stdio: 'inherit' })
  if (status !== 0) throw new Error(`${archive} can't be unpacked`)
  return out
}

const opened = async (source, dataDir) =>
  valueOf(await source.open({ dataDir, seed: 0, signal: new AbortController().signal })())

const data = {
  cifar10: await opened(cifar10(), jpegFolder()),
  mnist: await opened(mnist(), join(given.shared, 'data/mnist')),
}
const dataOf = (file) => (file.includes('mnist') ? 'mnist' : 'cifar10')

/** A network as `loadTeacher` reads it. */
const read = async (file, name, normalisation) => {
  const path = join(checkpoints, file)
  const checkpoint = valueOf(await readCheckpoint(path)())
  const wanted = name === null ? undefined : sizedNetwork('bench', name, checkpoint.tensors).architecture
  const asked = wanted && normalisation ? withNormalisation(wanted, normalisation) : wanted
  return valueOf(selfDescribed('loadTeacher', path, checkpoint, asked, normalisation))
}

const BATCH = 100

const logitsOf = ({ architecture, weights, statistics }, { shape, test }) => {
  const { height, width, channels } = shape
  const size = height * width * channels
  const student = new Student(architecture, weights, statistics)
  const logits = []
  for (let from = 0; from < count; from += BATCH) {
    const pixels = Float32Array.from(test.images.subarray(from * size, (from + BATCH) * size), (byte) => byte / 255)
    const examples = pixels.length / size
    logits.push(...tf.tidy(() => student.logits(tf.tensor4d(pixels, [examples, height, width, channels])).dataSync()))
  }
  student.dispose()
  return logits
}

const classOf = (logits, i) => {
  const own = logits.slice(10 * i, 10 * i + 10)
  return own.indexOf(Math.max(...own))
}

const correctOf = (logits, labels) =>
  Array.from({ length: count }, (_, i) => i).filter((i) => classOf(logits, i) === labels[i]).length

/** Probabilities of ten classes each. */
const softmaxed = (logits) =>
  logits.map((logit, i) => {
    const own = logits.slice(i - (i % 10), i - (i % 10) + 10)
    return 1 / own.reduce((sum, other) => sum + Math.exp(other - logit), 0)
  })

const difference = (a, b) => {
  const most = b.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0) / most
}

const percent = (correct) => `${((100 * correct) / count).toFixed(1)} %`

/** Writes the images and the list of networks, and has their logits computed. @returns the versions */
const reference = (networks) => {
  for (const [name, { shape, test }] of Object.entries(data)) {
    const size = shape.height * shape.width * shape.channels
    writeFileSync(join(folder, `${name}.bin`), test.images.subarray(0, count * size))
  }
  writeFileSync(join(folder, 'networks.json'), JSON.stringify(networks))
  const python = process.env.PWOA_BENCH_PYTHON ?? 'python3'
  const script = join(root, 'bench/shared_checkpoints.py')
  const { status, stdout } = spawnSync(python, [script, folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error('shared_checkpoints.py failed')
  return stdout.trim()
}

const refusalOf = async (file, name, normalisation) => {
  try {
    await read(file, name, normalisation)
    return undefined
  } catch (thrown) {
    return describeError(thrown.error ?? toPwoaError('loadTeacher', thrown)).replaceAll(`${checkpoints}/`, '')
  }
}

const rowOf = async (file, index) => {
  const [name, letter] = files[file]
  const chosen = letters[letter]
  const refusal = await refusalOf(file, name, chosen)
  if (refusal !== undefined) return `| \`${file}\` | refused: ${refusal} | ${letter} | | | |`
  const labels = data[dataOf(file)].test.labels
  const network = await read(file, name, chosen)
  const logits = logitsOf(network, data[dataOf(file)])
  const ours = probabilities.includes(file) ? softmaxed(logits) : logits
  const bytes = readFileSync(join(folder, `${index}.bin`))
  const theirs = [...new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)]
  const asked = name === null ? 'in the file' : `\`${name}\``
  const cells = [percent(correctOf(ours, labels)), percent(correctOf(theirs, labels)), difference(ours, theirs)]
  process.stderr.write(`${file}: ${cells.join(', ')}, ${JSON.stringify(normalisationOf(network.architecture))}\n`)
  const [here, there, far] = cells
  return `| \`${file}\` | ${asked} | ${letter} | ${here} | ${there} | ${far.toExponential(0)} |`
}

const trapOf = async ([file, name]) => {
  const refusal = await refusalOf(file, name)
  if (refusal === undefined) throw new Error(`${file} was read`)
  return `- \`${file}\`, named \`${name}\`: "${refusal}"`
}

try {
  await loadEngine('auto')
  const networks = Object.entries(files).map(([file, [network, letter]]) => ({
    path: join(checkpoints, file),
    network,
    normalisation: numbersOf(letters[letter]) ?? null,
    data: dataOf(file),
  }))
  const versions = reference(networks)
  const rows = []
  for (const [index, file] of Object.keys(files).entries()) rows.push(await rowOf(file, index))
  const refusals = await Promise.all(Object.entries(traps).map(trapOf))
  const page = `# Public robust networks, read

Written by \`node bench/sharedCheckpoints.mjs --write\`. Each file was read as \`loadTeacher\` reads it: PyTorch's with the architecture that is named, ONNX files by themselves, with the normalisation that their training code had outside. Clean accuracy on the first ${count} test images, of MNIST or of ${data.cifar10.name} (as many of each class), here and in the file's own framework: PyTorch, with definitions written anew after the releases, or onnxruntime. The last column is the largest difference of a logit, relative to the largest logit.

| file | architecture | normalisation | here | there | difference |
| --- | --- | --- | ---: | ---: | ---: |
${rows.join('\n')}

Normalisations: C is \`'cifar10'\`, M is \`'mnist'\`; K has mean 0.485 0.456 0.406, std 0.225 three times; S has mean 125.3 123.0 113.9, std 63.0 62.1 66.7, each over 255; E has mean 0.4914 0.4822 0.4465, std 0.2023 0.1994 0.2010; none: pixels in [0, 1] as they are.

Not what its name says, and refused:

${refusals.join('\n')}

- ${versions}; Node ${process.versions.node}.
`
  if (given.write) writeFileSync(join(root, 'docs/results/shared-checkpoints.md'), page)
  else process.stdout.write(page)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exit()
