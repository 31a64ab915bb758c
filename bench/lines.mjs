/**
 * What checking each line of `metrics.jsonl` costs a reader: `node bench/lines.mjs [--lines 1000000] [--rounds 5] [--write]`,
 * after a build. Each round reads the file twice in turn: every line checked by its codec, and every line only parsed as
 * JSON by the same reader.
 */
import { createWriteStream, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import * as t from 'io-ts'
import { TrainingMetrics } from '../dist/dsl/step.js'
import { readLines } from '../dist/runtime/records/readLines.js'
import { median } from './runs.mjs'

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    write: { type: 'boolean', default: false },
  },
})
const [count, rounds] = [Number(values.lines), Number(values.rounds)]
const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'pwoa-lines-'))
const file = join(folder, 'metrics.jsonl')

/** Lines as a run of PwoA writes them. */
function* lines() {
  for (let step = 1; step <= count; step++) {
    const loss = 2 + Math.sin(step)
    const terms = { distill: loss / 2, hsic: loss / 3, crossEntropy: loss / 6 }
    const place = { phase: 'admm', epoch: Math.floor(step / 469), epochs: 50, batch: step % 469, batches: 469 }
    yield `${JSON.stringify({ ...place, step, steps: count, learningRate: 0.01, loss, terms, seconds: 0.016 })}\n`
  }
}

const secondsOf = async (codec) => {
  const began = performance.now()
  let read = 0
  for await (const _ of readLines(codec, file)) read += 1
  if (read !== count) throw new Error(`${read} lines`)
  return (performance.now() - began) / 1000
}

try {
  await pipeline(Readable.from(lines()), createWriteStream(file))
  const [load] = loadavg()
  const checked = []
  const parsed = []
  await secondsOf(TrainingMetrics)
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`bench: round ${round + 1} of ${rounds}\n`)
    const first = round % 2 === 0
    if (first) checked.push(await secondsOf(TrainingMetrics))
    parsed.push(await secondsOf(t.unknown))
    if (!first) checked.push(await secondsOf(TrainingMetrics))
  }
  const ratio = median(checked.map((seconds, round) => seconds / parsed[round]))
  const text = `# Reading a run's metrics

Written by \`node bench/lines.mjs --write\`. The table shows the seconds to read ${count} lines of \`metrics.jsonl\` (${(statSync(file).size / 1e6).toFixed(0)} MB): with each line checked by its codec, as every reader of a run folder does, and only parsed as JSON. They are medians of ${rounds} rounds, in which the two alternate; the ratio is the median of the rounds' own ratios.

| checked s | parsed s | ratio |
| ---: | ---: | ---: |
| ${median(checked).toFixed(2)} | ${median(parsed).toFixed(2)} | ${ratio.toFixed(3)} |

- ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, load ${load.toFixed(1)} at the start; Node ${process.versions.node}.
`
  process.stdout.write(text)
  if (values.write) writeFileSync(join(root, 'docs', 'results', 'lines.md'), text)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
