/**
 * npm run device
 *
 * What a constrained device gets: ResNet-18 of the full width, its filters pruned to a quarter of the parameters and
 * taken out, as files, and its latency in onnxruntime beside that of the dense network. Writes docs/results/device.md.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { env, InferenceSession, Tensor } from 'onnxruntime-web'
import { setUp } from '../scripts/setup.mjs'

await setUp()
const { loadEngine } = await import('../dist/engine/load.js')
const { fillUniform, stream } = await import('../dist/math/random.js')
const { countsOf } = await import('../dist/models/counts.js')
const { parametersOf } = await import('../dist/models/parameters.js')
const { resnet18 } = await import('../dist/models/resnet.js')
const { shrinkNetwork } = await import('../dist/models/shrink/shrinkNetwork.js')
const { freshStatistics } = await import('../dist/models/statistics.js')
const { modelFiles } = await import('../dist/training/modelFiles.js')
const { maskOf } = await import('../dist/training/pruning.js')
const { pruningTask } = await import('../dist/training/pruningTask.js')
const { randomWeights } = await import('../dist/training/randomWeights.js')

const SEED = 1
const KEEP = 0.25
const IRREGULAR = [4, 16]
/** Rounds by batch: the two networks in turn, once each a round. */
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
  return { count, images: bytes, labels: new Uint8Array(count) }
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
const largest = files.get('net.safetensors')[0].length
const sizeRows = [
  ...[...files].map(([name, [a, b]]) => [
    `\`${name.slice(3)}\``,
    megabytes(a.length),
    megabytes(b.length),
    times(a.length, b.length),
    times(largest, b.length),
  ]),
]
const sparseRows = IRREGULAR.map((rate) => {
  const bytes = fileOf('net.sparse.safetensors', pruned('irregular', rate)).length
  return [`${rate}×`, megabytes(largest), megabytes(bytes), times(largest, bytes)]
})

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

const loads = [loadavg()[0]]
const latencyRows = []
for (const batch of [1, 128])
  for (const name of ['net.onnx', 'net.int8.onnx']) {
    const [a, b] = await measured(files.get(name), batch)
    const ratios = a.map((value, i) => value / b[i])
    const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`
    latencyRows.push([
      `\`${name.slice(3)}\`, batch ${batch}`,
      median(a).toFixed(1),
      median(b).toFixed(1),
      `${median(ratios).toFixed(2)} (${range})`,
    ])
  }
loads.push(loadavg()[0])

const { version } = JSON.parse(readFileSync(join(root, 'node_modules', 'onnxruntime-web', 'package.json'), 'utf8'))
const thousands = (count) => Math.round(count).toLocaleString('en')
const page = `# On a device

ResNet-18 of the full width (CIFAR's, 10 classes), filters pruned with \`rate: { budget: 'parameters', keep: ${KEEP} }\` and taken out by \`shrink\`. Written by

\`\`\`sh
npm run device
\`\`\`

| | dense | shrunk | |
| --- | ---: | ---: | ---: |
| parameters | ${thousands(denseCounts.parameters)} | ${thousands(shrunkCounts.parameters)} | ${times(denseCounts.parameters, shrunkCounts.parameters)} |
| MFLOPs an image | ${thousands(denseCounts.flops / 1e6)} | ${thousands(shrunkCounts.flops / 1e6)} | ${times(denseCounts.flops, shrunkCounts.flops)} |

## Files

${table(['file', 'dense MB', 'shrunk MB', 'smaller', 'than the dense float32 file'], sizeRows)}

An irregular network keeps its layers; without its zeros (\`.sparse.safetensors\`) it is smaller on disk alone:

${table(['pruned', 'dense MB', 'sparse MB', 'smaller'], sparseRows)}

## Latency

Milliseconds of one batch, and how many times as long the dense network takes.

${table(['file', 'dense', 'shrunk', 'dense / shrunk (least–most)'], latencyRows)}

- onnxruntime-web ${version}, WebAssembly, one thread; ${cpus()[0]?.model.trim() || 'unknown processor'}, ${cpus().length} cores. Load before and after: ${loads.map((load) => load.toFixed(1)).join(', ')}.
- The networks run in turn, ${Object.entries(rounds)
  .map(([batch, count]) => `${count} rounds of batch ${batch}`)
  .join(', ')}, after a warm-up. Ratios are of each round; stated is their median.
- Weights and images are random, batch normalisation's shifts too, so that pruned filters leave constants as after training: speed does not depend on the rest, nor do sizes but the sparse form's. What pruning costs in accuracy is in the other pages here.
`
writeFileSync(join(root, 'docs', 'results', 'device.md'), page)
process.stdout.write(page)
