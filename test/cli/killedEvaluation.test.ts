import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inLong } from '../support/longer.js'
import { needing } from '../support/needs.js'
import { buildCommand, folderWith } from './commandLine.js'

/** Attacks a network that pwoa ships, in many small batches of synthetic digits. */
const pipelineFile = (teacher: string): string => `
import { apgd, attackEval, autoAttack, loadTeacher, mnistNet, pipeline, square, syntheticDigits } from 'pwoa'

const epsilon = 0.3
export default pipeline('killed', syntheticDigits({ train: 128, test: 60 })).pipe(
  loadTeacher(${JSON.stringify(teacher)}, { architecture: mnistNet }),
  attackEval(
    [autoAttack({ epsilon, version: [apgd({ epsilon, steps: 8 }), square({ epsilon, queries: 40 })] })],
    { batchSize: 5, pictures: 2 },
  ),
)
`

let command: Awaited<ReturnType<typeof buildCommand>>
beforeAll(async () => {
  command = await buildCommand()
})
afterAll(() => command.remove())

const linesIn = (file: string): readonly string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []

describe('a killed evaluation', needing(inLong), () => {
  it('resumes where it was, and ends with the same outcome of each example', async () => {
    const teacher = join(import.meta.dirname, '..', '..', 'assets', 'teacher-digits.safetensors')
    const cwd = folderWith({ 'killed.ts': pipelineFile(teacher) })
    const whole = await command.run(['killed.ts', '--out', 'whole', '--json', '--quiet'], cwd)
    expect(whole).toMatchObject({ code: 0 })

    const journal = join(cwd, 'cut', 'attackEval-before.journal.jsonl')
    const started = command.start(['killed.ts', '--out', 'cut'], cwd)
    // In the middle of AutoAttack: its first stage is done, its second has started.
    await started.prints(/after apgd-ce/)
    started.child.kill('SIGKILL')
    expect((await started.ended).code).toBeNull()
    const done = linesIn(journal)
    expect(done.length).toBeGreaterThan(12)
    expect(existsSync(join(cwd, 'cut', 'summary.json'))).toBe(false)

    const resumed = await command.run(['killed.ts', '--resume', 'cut', '--json', '--quiet'], cwd)
    expect(resumed).toMatchObject({ code: 0 })
    const all = linesIn(journal)
    expect(all.slice(0, done.length), 'finished work is not done again').toEqual(done)
    expect(all).toHaveLength(linesIn(join(cwd, 'whole', 'attackEval-before.journal.jsonl')).length)
    for (const name of ['attacks.jsonl', 'attacks.svg', 'attacks.strips.json'])
      expect(readFileSync(join(cwd, 'cut', name)), name).toEqual(readFileSync(join(cwd, 'whole', name)))
    const figures = (line: string) => {
      const { clean, attacks, details } = JSON.parse(line).before
      return { clean, attacks, stages: details.autoattack.stages, meanDistance: details.autoattack.meanDistance }
    }
    expect(figures(resumed.stdout)).toEqual(figures(whole.stdout))
    expect(figures(whole.stdout).attacks.autoattack).toBeLessThan(figures(whole.stdout).clean)
  }, 120_000)
})
