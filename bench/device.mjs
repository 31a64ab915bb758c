/**
 * npm run device [-- [files] [latency] [board] [robustness --mnist DIR --cifar DIR --checkpoints DIR]]
 *
 * Networks on a constrained device: file sizes of a ResNet-18 of full width whose filters are pruned to a quarter of the
 * parameters and removed, and its latency in onnxruntime compared with the dense network; and how robust public networks
 * stay. Writes docs/results/device.md. Parts that are not named, or lack their data, are not changed there.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { env, InferenceSession, Tensor } from 'onnxruntime-web'
import { setUp } from '../scripts/setup.mjs'

const { values, positionals: words } = parseArgs({
  allowPositionals: true,
  options: { mnist: { type: 'string' }, cifar: { type: 'string' }, checkpoints: { type: 'string' } },
})

await setUp()
const { boardSection } = await import('./deviceBoard.mjs')
const { chainSection } = await import('./deviceChain.mjs')
const { loadEngine } = await import('../dist/engine/load/loadEngine.js')
const { fillUniform, stream } = await import('../dist/math/random.js')
const { countsOf } = await import('../dist/models/parameters/counts.js')
const { parametersOf } = await import('../dist/models/parameters/parameters.js')
const { resnet18 } = await import('../dist/models/zoo/resnet.js')
const { shrinkNetwork } = await import('../dist/models/shrink/shrinkNetwork.js')
const { freshStatistics } = await import('../dist/models/parameters/statistics.js')
const { modelFiles } = await import('../dist/training/network/modelFiles.js')
const { maskOf } = await import('../dist/training/pruning/pruning.js')
const { pruningTask } = await import('../dist/training/pruning/pruningTask.js')
const { randomWeights } = await import('../dist/training/network/randomWeights.js')

const SEED = 1
const KEEP = 0.25
const IRREGULAR = [4, 16]
/** Rounds by batch: in each round, both networks are timed once. */
const rounds = { 1: 40, 128: 5 }

const root = fileURLToPath(new URL('..', import.meta.url))
await loadEngine('auto')
env.wasm.numThreads = 1

const net = resnet18()
const weights = randomWeights(net, SEED, 'device')
// Shifts other than 0: pruned filters leave constants, as they do after training.
for (const { role, offset, size, name } of parametersOf(net))
  if (role === 'shift') fillUniform(weights.subarray(offset, offset + size), -0.5, 0.5, stream(SEED, 'shift', name))
const whole = { architecture: net, weights, statistics: freshStatistics(net), mask: undefined }

const pruned = (pattern, rate) => {
  const mask = maskOf(net, weights, pruningTask('device', net, pattern, rate, []))
  return { ...whole, weights: weights.map((value, i) => (mask[i] === 1 ? value : 0)), mask }
}

const images = (count) => {
  const bytes = new Uint8Array(count * 32 * 32 * 3)
  const random = stream(SEED, 'images')
  for (let i = 0; i < bytes.length; i++) bytes[i] = random.int(256)
  return { count, images: bytes, labels: new Uint16Array(count) }
}
const noise = images(128)
const data = { name: 'noise', origin: 'synthetic', classes: 10, shape: net.input, train: noise, test: noise }

const fileOf = (name, network) => {
  const files = modelFiles(name, network, data)
  if (files._tag === 'Left') throw new Error(JSON.stringify(files.left))
  return files.right.get(name)
}

const dense = { title: 'dense', network: whole }
const shrunk = { title: 'shrunk', network: shrinkNetwork(pruned('filter', { budget: 'parameters', keep: KEEP })) }
const [denseCounts, shrunkCounts] = [dense, shrunk].map(({ network }) => countsOf(network.architecture))

const megabytes = (bytes) => (bytes / 1e6).toFixed(2)
const times = (a, b) => `${(a / b).toFixed(2)}×`
const table = (head, rows) =>
  [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const formats = ['net.safetensors', 'net.onnx', 'net.int8.onnx']
const files = new Map(
  formats.map((name) => [name, [dense, shrunk].map(({ network }) => fileOf(name, { ...network, mask: undefined }))]),
)

const filesSection = () => {
  const largest = files.get('net.safetensors')[0].length
  const sizeRows = [...files].map(([name, [a, b]]) => [
    `\`${name.slice(3)}\``,
    megabytes(a.length),
    megabytes(b.length),
    times(a.length, b.length),
    times(largest, b.length),
  ])
  const sparseRows = IRREGULAR.map((rate) => {
    const bytes = fileOf('net.sparse.safetensors', pruned('irregular', rate)).length
    return [`${rate}×`, megabytes(largest), megabytes(bytes), times(largest, bytes)]
  })
  return `${table(['file', 'dense MB', 'shrunk MB', 'smaller', 'than dense float32'], sizeRows)}

An irregularly pruned network keeps its layers. Without its zeros (\`.sparse.safetensors\`) it is smaller, but only on disk:

${table(['pruned', 'dense MB', 'sparse MB', 'smaller'], sparseRows)}`
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)]

/** Milliseconds of each of several files on one batch, round by round. */
const measured = async (models, batch) => {
  const pixels = Float32Array.from(
    { length: batch * 3 * 32 * 32 },
    (_, i) => noise.images[i % noise.images.length] / 255,
  )
  const sessions = await Promise.all(models.map((bytes) => InferenceSession.create(bytes)))
  const run = async (session) => {
    const [input] = session.inputNames
    const begun = performance.now()
    await session.run({ [input]: new Tensor('float32', pixels, [batch, 3, 32, 32]) })
    return performance.now() - begun
  }
  for (const session of sessions) await run(session)
  const all = models.map(() => [])
  for (let round = 0; round < rounds[batch]; round++)
    for (const [i, session] of sessions.entries()) all[i].push(await run(session))
  for (const session of sessions) await session.release()
  return all
}

const latencySection = async () => {
  const loads = [loadavg()[0]]
  const rows = []
  for (const batch of [1, 128])
    for (const name of ['net.onnx', 'net.int8.onnx']) {
      const [a, b] = await measured(files.get(name), batch)
      const ratios = a.map((value, i) => value / b[i])
      const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`
      rows.push([
        `\`${name.slice(3)}\`, batch ${batch}`,
        median(a).toFixed(1),
        median(b).toFixed(1),
        `${median(ratios).toFixed(2)} (${range})`,
      ])
    }
  loads.push(loadavg()[0])
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules', 'onnxruntime-web', 'package.json'), 'utf8'))
  return `Milliseconds per batch, and how many times as long the dense network takes.

${table(['file', 'dense', 'shrunk', 'dense / shrunk (min–max)'], rows)}

- onnxruntime-web ${version}, WebAssembly, one thread; ${cpus()[0]?.model.trim() || 'unknown processor'}, ${cpus().length} cores. Load before and after: ${loads.map((load) => load.toFixed(1)).join(', ')}.
- The networks run alternately, ${Object.entries(rounds)
    .map(([batch, count]) => `${count} rounds of batch ${batch}`)
    .join(', ')}, after a warm-up. The ratio is the median of the rounds' ratios.
- Weights and images are random. Batch normalisation's shifts are random too, so pruned filters leave constants as after training. Speed does not depend on the other values, and neither do sizes, except that of the sparse form. For the accuracy after pruning see the other pages of results.`
}

const robustnessSection = async () => {
  const { mnist, cifar, checkpoints } = values
  if (mnist && cifar && checkpoints) return chainSection({ mnist, cifar, checkpoints })
  process.stderr.write('device: robustness needs --mnist, --cifar and --checkpoints; it stays as it is\n')
  return undefined
}

/** The parts by their names on the command line, with their headings. */
const parts = {
  files: { heading: 'Files', write: filesSection },
  latency: { heading: 'Latency', write: latencySection },
  board: { heading: 'On a microcontroller', write: () => boardSection(table) },
  robustness: { heading: 'Robustness at each step', write: robustnessSection },
}
const asked = words.length > 0 ? words : Object.keys(parts)
const stranger = asked.find((word) => !Object.keys(parts).includes(word))
if (stranger !== undefined) {
  process.stderr.write(`device: expected parts among ${Object.keys(parts).join(', ')}, got "${stranger}"\n`)
  process.exit(2)
}

const place = join(root, 'docs', 'results', 'device.md')
const earlier = new Map(
  (existsSync(place) ? readFileSync(place, 'utf8') : '')
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), text.slice(text.indexOf('\n')).trim()]),
)
const sections = []
for (const [word, { heading, write }] of Object.entries(parts)) {
  const text = (asked.includes(word) ? await write() : undefined) ?? earlier.get(heading)
  if (text !== undefined) sections.push(`## ${heading}\n\n${text}`)
}

const thousands = (count) => Math.round(count).toLocaleString('en')
const page = `# On a device

The first two sections measure ResNet-18 of full width (for CIFAR, 10 classes), with filters pruned by \`rate: { budget: 'parameters', keep: ${KEEP} }\` and removed by \`shrink\`. The last section measures robustness after each step on the way to a device. Written by

\`\`\`sh
npm run device -- files latency board
npm run device -- robustness --mnist DIR --cifar DIR --checkpoints DIR
\`\`\`

| | dense | shrunk | |
| --- | ---: | ---: | ---: |
| parameters | ${thousands(denseCounts.parameters)} | ${thousands(shrunkCounts.parameters)} | ${times(denseCounts.parameters, shrunkCounts.parameters)} |
| MFLOPs per image | ${thousands(denseCounts.flops / 1e6)} | ${thousands(shrunkCounts.flops / 1e6)} | ${times(denseCounts.flops, shrunkCounts.flops)} |

${sections.join('\n\n')}
`
writeFileSync(place, page)
process.stdout.write(page)
