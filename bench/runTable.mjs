/**
 * node bench/runTable.mjs RUN…
 *
 * Prints the figures of run folders as a table in Markdown: after pruning if anything was pruned, otherwise of the network
 * that was loaded. Figures on CIFAR from JPEG files are marked.
 */
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const folders = process.argv.slice(2)
if (folders.length === 0) {
  process.stderr.write('usage: node bench/runTable.mjs RUN…\n')
  process.exit(2)
}

const percent = (fraction) => (fraction === undefined ? '–' : `${(100 * fraction).toFixed(1)} %`)

const runs = folders.map((folder) => ({
  name: basename(folder),
  ...JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8')),
}))
const attacks = [...new Set(runs.flatMap(({ before, after }) => Object.keys((after ?? before)?.attacks ?? {})))]
const rows = runs.map(({ name, data, before, after, parameters, seconds }) => {
  const { clean, attacks: robust, examples } = after ?? before ?? { attacks: {} }
  const origin = data.origin === 'recompressed' ? `${data.name}, recompressed` : data.name
  const trained = seconds.total - (seconds.evaluation ?? 0)
  return [
    name,
    `${origin}, ${examples}`,
    percent(clean),
    ...attacks.map((attack) => percent(robust[attack])),
    parameters ? percent(parameters.kept / parameters.total) : '–',
    after ? Math.round(trained) : '–',
  ]
})
const header = ['run', 'test images', 'clean', ...attacks, 'parameters kept', 'seconds without attacks']
for (const row of [header, header.map(() => '---'), ...rows]) process.stdout.write(`| ${row.join(' | ')} |\n`)
