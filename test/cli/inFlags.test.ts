/** Errors name options as code writes them; the command line names its flags. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { drawError } from '../../src/cli/draw/drawError.js'
import { eventLine } from '../../src/cli/show/eventLines.js'
import { PwoaFailure } from '../../src/dsl/errors.js'
import { pathOf, sourceFiles } from '../conventions/project.js'
import { fakePipeline, temporaryFolder } from '../runtime/fakes.js'

test('an error of run() names the option that is wrong, and the command line its flag', async () => {
  const folder = temporaryFolder()
  for (const name of ['plan.json', 'metrics.jsonl']) writeFileSync(join(folder, name), '{}\n')
  const thrown = await fakePipeline()
    .run({ out: folder })
    .summary.catch((error: unknown) => error)
  const error = thrown instanceof PwoaFailure ? thrown.error : undefined
  expect(error?.stage).toBe('out')
  expect(error?.hint).toMatch(/^To continue the run in it, take the option resume: ".+"\.$/)
  const drawn = error === undefined ? '' : drawError(error)
  expect(drawn).toMatch(/^pwoa-run: --out: expected a new or an empty folder/)
  expect(drawn).toMatch(/\n {2}To continue the run in it, take --resume \S+\.\n$/)
})

test.each([
  ['name the folder by the option dataDir.', 'name the folder by --data-dir.'],
  ['take the option engine: "wasm".', 'take --engine wasm.'],
  ['nothing beside the option resume', 'nothing beside --resume'],
  ['the option rate is a parameter', 'the option rate is a parameter'],
])('a warning "%s" is shown as "%s"', (message, shown) => {
  expect(eventLine({ type: 'warning', stage: 'resume', message })).toBe(`warning: --resume: ${shown}`)
})

test('no text of the library names a flag of an option of a run', () => {
  // These rooms speak to those who are at the command line.
  const theirs = /^src\/(cli|runtime\/(doctor|starter|queue|storage))\//
  const flag = /['"`][^'"`]*--(data-dir|out|engine|seed|resume|checkpoint-every)\b/
  const found = sourceFiles()
    .filter((file) => !theirs.test(pathOf(file)))
    .flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => !/^\s*(\*|\/\/|\/\*\*)/.test(line) && flag.test(line))
        .map((line) => `${pathOf(file)}: ${line.trim()}`),
    )
  expect(found).toEqual([])
})
