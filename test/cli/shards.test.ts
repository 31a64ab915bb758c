import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inLong } from '../support/longer.js'
import { needing } from '../support/needs.js'
import { buildCommand, folderWith } from './commandLine.js'

const teacher = join(import.meta.dirname, '..', '..', 'assets', 'teacher-digits.safetensors')

/** Attacks a network that pwoa ships, in batches of 8: 5 blocks of at most 32 digits, in one run or in 3 shards. */
const pipelineFile = `
import { apgd, attackEval, autoAttack, definePipeline, fgsm, loadTeacher, mnistNet, param, parameters, pipeline, shards,
  square, syntheticDigits, type Shard } from 'pwoa'

const epsilon = 0.3
const attacks = [
  autoAttack({ epsilon, version: [square({ epsilon, queries: 40 }), apgd({ epsilon, steps: 8 })] }),
  fgsm({ epsilon }),
]
const evaluation = (shard?: Shard) =>
  pipeline('evaluation', syntheticDigits({ train: 128, test: 140 })).pipe(
    loadTeacher(${JSON.stringify(teacher)}, { architecture: mnistNet }),
    attackEval(attacks, { batchSize: 8, pictures: 2, shard }),
  )
export default definePipeline(
  parameters({ parts: param.integer({ default: 1, min: 1, help: 'Parts.' }) }),
  ({ parts }) => parts === 1 ? evaluation() : shards('evaluation', parts, evaluation),
)
`

let command: Awaited<ReturnType<typeof buildCommand>>
beforeAll(async () => {
  command = await buildCommand()
})
afterAll(() => command.remove())

const figuresOf = ({ before }: { readonly before: unknown }): unknown =>
  JSON.parse(JSON.stringify(before, (key, part) => (key === 'seconds' ? undefined : part)))

test(
  'an evaluation in shards, in parallel processes, has the same outcomes and figures as one run',
  needing(inLong),
  async () => {
    const cwd = folderWith({ 'evaluation.ts': pipelineFile })
    const whole = await command.run(['evaluation.ts', '--out', 'whole', '--json', '--quiet'], cwd)
    expect(whole).toMatchObject({ code: 0 })
    const args = ['evaluation.ts', '--set', 'parts=3', '--workers', '2', '--out', 'cut']
    const cut = await command.run([...args, '--json', '--quiet'], cwd)
    expect(cut, cut.stderr).toMatchObject({ code: 0 })

    const points: { label: string; key: string; summary: { before: { examples: number } } }[] = JSON.parse(
      cut.stdout,
    ).points
    expect(points.map(({ label, summary }) => [label, summary.before.examples])).toEqual([
      ['shard=0', 32],
      ['shard=1', 64],
      ['shard=2', 44],
      ['shard=all', 140],
    ])
    const joined = points.at(-1)
    if (!joined) throw new Error('no points')
    const figures = figuresOf(joined.summary)
    expect(figures).toEqual(figuresOf(JSON.parse(whole.stdout)))
    expect(figures).toMatchObject({ details: { autoattack: { stages: { 'apgd-ce': expect.any(Number) } } } })
    const folder = join(cwd, 'cut', 'points', joined.key)
    for (const name of ['attacks.jsonl', 'attacks.svg', 'attacks.strips.json'])
      expect(readFileSync(join(folder, name)), name).toEqual(readFileSync(join(cwd, 'whole', name)))
    const outcomes = readFileSync(join(folder, 'attacks.jsonl'), 'utf8').trimEnd().split('\n')
    expect(new Set(outcomes.map((line) => JSON.parse(line).brokenBy)).size, 'ways to end').toBeGreaterThan(2)
    expect(readFileSync(join(folder, 'attackEval-before.journal.jsonl'), 'utf8'), 'no example was attacked again').toBe(
      '',
    )

    // The table has all rows with their figures, and finished points are kept.
    const again = await command.run(args, cwd)
    expect(again.stdout).toMatch(/shard=0 .*\nshard=1 .*\nshard=2 .*\nshard=all .*\n/)
    expect(readdirSync(join(cwd, 'cut', 'points'))).toHaveLength(4)
  },
)
