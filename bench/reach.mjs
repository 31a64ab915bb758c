/**
 * Which entries of RobustBench's L∞ lists are read: `PWOA_BENCH_PYTHON=python node bench/reach.mjs [--write]`, after a build.
 * The Python needs torch and numpy.
 *
 * `scripts/reach_networks.py` writes a narrow network of each architecture as its release saves it, with random weights. Each
 * is inspected, read as `loadTeacher` reads it, and compared with PyTorch's logits.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { valueOf } from '../dist/dsl/errors.js'
import { loadEngine } from '../dist/engine/load/loadEngine.js'
import { tf } from '../dist/engine/tf.js'
import { normalisations, preactResnet18, wideResnet, withNormalisation } from '../dist/index.js'
import { readCheckpoint } from '../dist/io/checkpoints/readCheckpoint.js'
import { selfDescribed } from '../dist/models/parameters/selfDescribed.js'
import { sizedNetwork } from '../dist/models/zoo/families.js'
import { inspectFile } from '../dist/runtime/inspect/inspectFile.js'
import { Student } from '../dist/training/network/network.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values: given } = parseArgs({ options: { write: { type: 'boolean', default: false } } })

/** The networks that a file shows without some of their options. */
const factories = { preactResnet18, wideResnet }

/** Mulberry32, as in scripts/golden_numbers.py. */
const seeded = (seed, count) =>
  Float32Array.from({ length: count }, (_, i) => {
    const state = (seed + Math.imul(i + 1, 0x6d2b79f5)) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1
  })

/** The largest difference of two lists, as a share of the largest number of the second. */
const difference = (a, b) => {
  const most = Math.max(...b.map(Math.abs))
  return Math.max(...b.map((value, i) => Math.abs(value - a[i]))) / most
}

const textOf = (value) =>
  typeof value === 'string'
    ? `'${value}'`
    : Array.isArray(value)
      ? `[${value.map(textOf).join(', ')}]`
      : typeof value === 'object'
        ? `{ ${Object.entries(value)
            .map(([name, one]) => `${name}: ${textOf(one)}`)
            .join(', ')} }`
        : String(value)

const named = [
  ['cifar10', normalisations.cifar10],
  ['imagenet', normalisations.imagenet],
]

const nameOf = (normalisation) =>
  named.find(([, { mean, std }]) => `${mean} ${std}` === `${normalisation.mean} ${normalisation.std}`)?.[0]

/** Reads one checkpoint. Returns how it is named here, and how far its logits are from PyTorch's. */
const read = async (folder, examples, { call, file, size, options, normalisation, logits }) => {
  const path = join(folder, file)
  const { fits } = await inspectFile(path)
  if (!fits.some(({ architecture }) => architecture === call)) throw new Error(`${file} does not fit ${call}`)
  const checkpoint = valueOf(await readCheckpoint(path)())
  const isPlain = Object.keys(options).length === 0
  const wanted = isPlain
    ? sizedNetwork('reach', call, checkpoint.tensors, { classes: 10, side: size }).architecture
    : factories[call](options)
  // DeepMind's networks have CIFAR-10's normalisation of their own.
  const asked = withNormalisation(wanted, 'none') === wanted ? (normalisation ?? undefined) : undefined
  const { architecture, weights, statistics } = valueOf(selfDescribed('reach', path, checkpoint, wanted, asked))
  const student = new Student(architecture, weights, statistics)
  const pixels = seeded(1000, examples * 3 * size * size).map((value) => (value + 1) / 2)
  const found = tf.tidy(() => {
    const images = tf.transpose(tf.tensor4d(pixels, [examples, 3, size, size]), [0, 2, 3, 1])
    return [...student.logits(images).dataSync()]
  })
  student.dispose()
  const { width: _, ...shown } = options
  const behind = asked ? `, normalisation: ${textOf(nameOf(asked) ?? asked)}` : ''
  const network = isPlain ? `'${call}'` : `${call}(${textOf(shown)})`
  return { here: `\`architecture: ${network}${behind}\``, difference: difference(found, logits.flat()) }
}

const folder = mkdtempSync(join(tmpdir(), 'pwoa-reach-'))
try {
  const python = process.env.PWOA_BENCH_PYTHON ?? 'python3'
  const { status } = spawnSync(python, [join(root, 'scripts/reach_networks.py'), folder], { stdio: 'inherit' })
  if (status !== 0) throw new Error('scripts/reach_networks.py failed')
  await loadEngine('auto')
  const { examples, lists } = JSON.parse(readFileSync(join(folder, 'list.json'), 'utf8'))
  const parts = []
  for (const { name, kinds, entries } of lists) {
    const results = new Map()
    for (const [key, kind] of Object.entries(kinds)) {
      const result = kind.call === null ? { here: kind.why } : await read(folder, examples, kind)
      results.set(key, { title: kind.title, ...result })
      process.stderr.write(`${name} ${kind.title}: ${result.difference ?? kind.why}\n`)
    }
    const isRead = (key) => results.get(key).difference < 1e-4
    const rows = entries.map(([entry, key]) => {
      const { title, here, difference: far } = results.get(key)
      return `| ${entry} | ${title} | ${isRead(key) ? 'yes' : 'no'} | ${here} | ${far === undefined ? '' : far.toExponential(0)} |`
    })
    const count = entries.filter(([, key]) => isRead(key)).length
    parts.push(
      `## ${name}, L∞: ${count} of ${entries.length} entries`,
      ['| entry | architecture | read | here | difference |', '|---|---|---|---|---:|', ...rows].join('\n'),
    )
  }
  const page = `# Which of RobustBench's networks are read

Written by \`node bench/reach.mjs --write\`, with PyTorch. Each entry's architecture was defined anew in PyTorch (\`scripts/published_networks.py\`), with the release's depth and few channels, and saved with random weights as the release saves it, under \`state_dict\` and a prefix. \`pwoa-run inspect\` found the network; its logits were compared with PyTorch's in float64. The difference is relative to the largest logit; below 1e-4, an entry counts as read. Normalisations that are not in the file are given. The releases themselves were not available.

${parts.join('\n\n')}
`
  if (given.write) writeFileSync(join(root, 'docs/results/reach.md'), page)
  else process.stdout.write(page)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
