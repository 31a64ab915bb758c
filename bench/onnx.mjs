/**
 * What becomes of ONNX files of other programs: `node bench/onnx.mjs --torch PYTHON [--torch PYTHON] [--keras PYTHON]
 * [--only NETWORK] [--keep FOLDER] [--write]`, after a build. A Python for `--torch` needs torch, onnx and onnxruntime
 * (for the newer exporter onnxscript, too), one for `--keras` tensorflow-cpu, tf2onnx, onnx and onnxruntime.
 *
 * Small networks with random weights are exported in many ways, read here, and compared with onnxruntime.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeError } from '../dist/dsl/errors.js'
import { loadEngine } from '../dist/engine/load/loadEngine.js'
import { readOnnx } from '../dist/io/checkpoints/onnx/readOnnx.js'
import { selfDescribed } from '../dist/models/parameters/selfDescribed.js'
import { Student } from '../dist/training/network/network.js'

const root = fileURLToPath(new URL('..', import.meta.url))

const { values: given } = parseArgs({
  options: {
    torch: { type: 'string', multiple: true, default: [] },
    keras: { type: 'string', multiple: true, default: [] },
    only: { type: 'string' },
    keep: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})

/** The files of one Python, as lines of its script. A folder that was kept is not written again. */
const exported = (python, script, folder) => {
  const lines = join(folder, 'lines')
  mkdirSync(folder, { recursive: true })
  const known = () => readFileSync(lines, 'utf8').trim().split('\n')
  const parsed = (texts) => texts.filter((text) => text.startsWith('{')).map((text) => JSON.parse(text))
  try {
    return parsed(known())
  } catch {
    const path = fileURLToPath(new URL(script, import.meta.url))
    const { status, stdout, stderr } = spawnSync(python, [path, folder], { encoding: 'utf8', maxBuffer: 2 ** 28 })
    if (status !== 0) throw new Error(stderr)
    writeFileSync(lines, stdout)
    return parsed(known())
  }
}

const floats = (path) => {
  const bytes = readFileSync(path)
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

/** The largest difference, relative to the largest number. */
const distance = (a, b) => {
  const most = b.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0) / most
}

const softmax = (logits, classes) =>
  logits.map((logit, i) => {
    const row = logits.slice(i - (i % classes), i - (i % classes) + classes)
    return Math.exp(logit) / row.reduce((sum, other) => sum + Math.exp(other), 0)
  })

/** What became of a file: the difference from onnxruntime's logits, or why it is not read. */
const examined = async ({ file, network }) => {
  const { tf } = await import('../dist/engine/tf.js')
  const read = await readOnnx(readFileSync(file), file, 'onnx')()
  if (read._tag === 'Left') return { refused: describeError(read.left).replace(`onnx: ${file}: `, '') }
  const described = selfDescribed('onnx', file, read.right)
  if (described._tag === 'Left') return { refused: describeError(described.left) }
  const { architecture, weights, statistics } = described.right
  const { height, width, channels } = architecture.input
  const pixels = floats(`${file}.images`)
  const student = new Student(architecture, weights, statistics)
  const count = pixels.length / (height * width * channels)
  const logits = tf.tidy(() => [...student.logits(tf.tensor4d(pixels, [count, height, width, channels])).dataSync()])
  student.dispose()
  const theirs = floats(`${file}.logits`)
  // A softmax at the end is left out.
  const ours = network.endsWith('softmax') ? softmax(logits, architecture.classes) : logits
  return { error: distance(ours, theirs) }
}

await loadEngine('auto')
const folder = given.keep ?? mkdtempSync(join(tmpdir(), 'pwoa-onnx-'))
const sources = [
  ...given.torch.map((python, i) => [python, 'onnx_torch.py', join(folder, `torch-${i}`)]),
  ...given.keras.map((python, i) => [python, 'onnx_keras.py', join(folder, `keras-${i}`)]),
]

/** Equal or better than this, relative to the largest logit, is the same network in float32. */
const SAME = 1e-4

const groupOf = ({ torch, keras, tensorflow, tf2onnx, exporter }) =>
  torch
    ? `PyTorch ${torch}, ${exporter === 'newer' ? 'the newer exporter' : 'the exporter of TorchScript'}`
    : `Keras ${keras}, TensorFlow ${tensorflow}, tf2onnx ${tf2onnx}`

const groups = new Map()
const count = { files: 0, same: 0, different: 0, refused: 0, unwritten: 0 }
try {
  for (const [python, script, place] of sources)
    for (const line of exported(python, script, place)) {
      if (given.only && line.network !== given.only) continue
      const result = line.error === undefined ? await examined(line) : { unwritten: line.error }
      count.files++
      if (result.unwritten) count.unwritten++
      else if (result.refused) count.refused++
      else if (result.error <= SAME) count.same++
      else count.different++
      const group = groupOf(line)
      groups.set(group, [...(groups.get(group) ?? []), { ...line, result }])
      if (result.refused || result.error > SAME)
        process.stderr.write(`${group}: ${line.network}, ${line.way}: ${result.refused ?? result.error}\n`)
    }
} finally {
  if (given.keep === undefined) rmSync(folder, { recursive: true, force: true })
}

const table = (rows) => {
  const notes = []
  const noted = (text) => {
    if (!notes.includes(text)) notes.push(text)
    return notes.indexOf(text) + 1
  }
  const cell = (row) => {
    if (!row) return ''
    const { unwritten, refused, error } = row.result
    if (unwritten)
      return `not exported (${noted(`The exporter or onnxruntime: ${unwritten.replace(/Load model from \S+ failed:/, '')}`)})`
    return refused ? `refused (${noted(refused)})` : error.toExponential(1)
  }
  const networks = [...new Set(rows.map(({ network }) => network))]
  const ways = [...new Set(rows.map(({ way }) => way))]
  const lines = ways.map((way) => {
    const own = rows.filter((row) => row.way === way)
    const opset = [...new Set(own.map((row) => row.opset).filter(Boolean))].join(', ')
    return `| ${way} | ${opset} | ${networks.map((name) => cell(own.find(({ network }) => network === name))).join(' | ')} |`
  })
  const names = networks.map((name) => name.replace('Keras: ', ''))
  return [
    `| export | opset | ${names.join(' | ')} |`,
    `| --- | --- | ${names.map(() => '---:').join(' | ')} |`,
    ...lines,
    '',
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal
    ...notes.map((note, i) => `${i + 1}. ${note.replaceAll(/\u001b\[\d*m/g, '').replaceAll('|', '\\|')}`),
  ].join('\n')
}

const text = `# ONNX files of other programs

Written by \`node bench/onnx.mjs --torch … --keras … --write\`. Small networks with random weights (\`bench/onnx_networks.py\`, \`bench/onnx_keras.py\`) are exported in many ways and read here. Each number is the largest difference from the logits of onnxruntime on four images, relative to the largest logit.

${count.files} exports: ${count.same} are the same network (to ${SAME}), ${count.different} another one, ${count.refused} are refused here; ${count.unwritten} the exporter itself could not write, or onnxruntime not run.

${[...groups].map(([name, rows]) => `## ${name}\n\n${table(rows)}`).join('\n\n')}

- Networks: \`residual\` a ResNet's block; \`mobile\` depth-wise convolutions, squeeze-and-excitation, ReLU6, hard swish; \`shuffle\` channels that are split, joined and shuffled; \`channels last\` a ConvNeXt's block; \`groups\` group and instance normalisation, a transposed convolution, PReLU; \`flat\` linear layers on 784 pixels, as mnistfc; \`softmax\` a softmax at the end, which is left out with a warning (and applied to the logits here to compare); \`transformer\` attention by \`torch.nn.MultiheadAttention\`, \`own attention\` by \`scaled_dot_product_attention\`.
- "Float16" and "bfloat16" store weights in 16 bits, with a \`Cast\` for each. "External data" has every tensor in a file beside the model.
- Node ${process.versions.node}, onnxruntime in Python, ${cpus()[0]?.model.trim()}.
`
process.stdout.write(text)
if (given.write) writeFileSync(join(root, 'docs', 'results', 'onnx.md'), text)
process.exit()
