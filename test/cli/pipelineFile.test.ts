import { symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildCommand, folderWith } from './commandLine.js'

let command: Awaited<ReturnType<typeof buildCommand>>
beforeAll(async () => {
  command = await buildCommand()
  return command.remove
})

const plan = async (files: Readonly<Record<string, string>>, file: string) =>
  command.run([file, '--plan'], folderWith(files))

const source = `syntheticDigits({ train: 10, test: 10 })`
const good = `import { pipeline, syntheticDigits } from 'pwoa'\nexport default pipeline('good', ${source})\n`

describe('a pipeline file loads', () => {
  test('with any ending, in any folder, beside a package.json of any type', async () => {
    const names = ['p.ts', 'p.mts', 'p.js', 'p.mjs', 'deep/er/p.ts', 'with space/p.ts']
    const packages = [{}, { 'package.json': `{ "type": "commonjs" }` }, { 'package.json': `{ "type": "module" }` }]
    const cases = names.flatMap((file) =>
      packages.map((beside) => ({ cwd: folderWith({ [file]: good, ...beside }), file })),
    )
    expect(await command.load(cases)).toEqual(cases.map(() => null))
  })

  test('with relative imports, JSON, import.meta of each file, and top-level await', async () => {
    const files = {
      'p.ts': `#!/usr/bin/env pwoa-run
        import { pipeline, syntheticDigits } from 'pwoa'
        import { place } from './lib/place'
        import facts from './facts.json'
        import { readFile } from 'node:fs/promises'
        const own = await readFile(new URL('./facts.json', import.meta.url), 'utf8')
        export default pipeline([place, facts.name, own, import.meta.filename].join(' '), ${source})`,
      'lib/place.ts': `export const place: string = import.meta.dirname satisfies string`,
      'facts.json': `{"name":"facts"}`,
    }
    const folder = folderWith(files)
    const { code, stdout } = await command.run(['p.ts', '--plan'], folder)
    expect(code).toBe(0)
    expect(stdout).toContain(`${folder}/lib facts {"name":"facts"} ${folder}/p.ts\n`)
  })

  test("with the user's packages first, and otherwise those of pwoa", async () => {
    const uses = `import { pipeline, syntheticDigits, stage } from 'pwoa'
      import * as rxjs from 'rxjs'
      import { right } from 'fp-ts/lib/Either.js'
      import { string } from 'io-ts'
      export default pipeline([rxjs.mine ?? 'own rxjs', right(1)._tag, string.name].join(' '), ${source})`
    expect((await plan({ 'p.ts': uses }, 'p.ts')).stdout).toMatch(/^own rxjs Right string\n/)
    const mine = {
      'p.ts': uses,
      'node_modules/rxjs/package.json': `{ "name": "rxjs", "type": "module", "exports": "./index.js" }`,
      'node_modules/rxjs/index.js': `export const mine = 'my rxjs'`,
    }
    expect((await plan(mine, 'p.ts')).stdout).toMatch(/^my rxjs Right string\n/)
  })

  test("with 'pwoa' as the package that runs, even if another copy is installed", async () => {
    const files = {
      'p.ts': good,
      'node_modules/pwoa/package.json': `{ "name": "pwoa", "type": "module", "exports": "./index.js" }`,
      'node_modules/pwoa/index.js': `throw new Error('the other copy')`,
    }
    expect((await plan(files, 'p.ts')).code).toBe(0)
  })

  test('through a symbolic link', async () => {
    const folder = folderWith({ 'real/p.ts': `${good}import './beside'\n`, 'real/beside.ts': '' })
    symlinkSync(join(folder, 'real', 'p.ts'), join(folder, 'link.ts'))
    expect((await command.run(['link.ts', '--plan'], folder)).code).toBe(0)
  })

  test('if it is one of this repository', async () => {
    const pipelines = dirname(fileURLToPath(new URL('../../pipelines/mnist.ts', import.meta.url)))
    const { code, stdout } = await command.run([join(pipelines, 'mnist.ts'), '--help'], folderWith({}))
    expect([code, stdout]).toEqual([0, expect.stringContaining('checkpoint')])
  })
})

test('compare.ts has a point for each method, rate and seed, and one for the teacher', async () => {
  const file = fileURLToPath(new URL('../../pipelines/compare.ts', import.meta.url))
  const teacher = fileURLToPath(new URL('../../assets/teacher-digits.safetensors', import.meta.url))
  const methods = 'teacher,naive,gradual,admm,hsic-only,distill-only,pwoa,perturbed,perturbed-learned,pwoa-mixed'
  const adversarial = 'advPrune,apd,hydra'
  const settings = [
    `checkpoints=${teacher}`,
    'architecture=mnistNet',
    `methods=${methods},${adversarial}`,
    'rates=4,16',
    'seeds=0,1',
  ]
  const args = settings.flatMap((setting) => ['--set', setting])
  const { code, stdout, stderr } = await command.run([file, '--plan', ...args], folderWith({}))
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout.match(/^ {2}teacher=\S+ method=\S+ rate=\d+ seed=\d$/gm)).toHaveLength(1 + 12 * 4)
  // The stages of each method, by the first of its points.
  const shown = stdout.match(/^(\S+) {2}teacher=\S+ method=\1 rate=[14] seed=0$/gm)
  expect(shown?.map((line) => line.split(' ')[0]).join()).toBe(`${methods}-0.2,${adversarial}`)
  expect(stdout).toMatch(/^ {2}apd +adversarial \(attack pgd/m)
})

test('robustTraining.ts has a point for each method', async () => {
  const file = fileURLToPath(new URL('../../pipelines/robustTraining.ts', import.meta.url))
  const { code, stdout, stderr } = await command.run([file, '--plan', '--set', 'dataset=cifar10'], folderWith({}))
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout.match(/^ {2}method=\S+ epochs=10 seed=0$/gm)).toHaveLength(9)
})

describe('a wrong pipeline file is refused in one clear error', () => {
  const broken: readonly (readonly [what: string, text: string, message: RegExp])[] = [
    [
      'that does not compile',
      `import { pipeline } from 'pwoa'\n\nconst rate = = 4\nexport default pipeline\n`,
      /^pwoa-run: p\.ts:3:14: expected a file that compiles, got Unexpected "="\n {2}const rate = = 4\n {15}\^\n$/,
    ],
    [
      'that does not compile on its first line, beside import.meta',
      `const x = = import.meta.url`,
      /^pwoa-run: p\.ts:1:11: expected a file that compiles, got Unexpected "="\n {2}const x = = import\.meta\.url\n {12}\^\n$/,
    ],
    [
      'without any export',
      `const x = 1`,
      /^pwoa-run: p\.ts: expected a pipeline.* as default export, got no export at all\n$/,
    ],
    ['without a default export', `export const mine = 1`, /as default export, got only mine\n$/],
    ['that exports a function', `export default function make() {}`, /as default export, got a function \(make\)\n$/],
    ['that exports something else', `export default { rate: 4 }`, /as default export, got an object with rate\n$/],
    ['that exports nothing', `export default undefined`, /as default export, got undefined\n$/],
    ['that exports a promise', `export default Promise.resolve(1)`, /as default export, got a promise\n$/],
    [
      'that throws',
      `\nconst broken = (): number => {\n  throw new TypeError('boom')\n}\nexport default broken()\n`,
      /^pwoa-run: p\.ts:3:\d+: expected to load without an exception, got TypeError: boom\n$/,
    ],
    ['that throws no error', `throw 'text'`, /^pwoa-run: p\.ts: expected to load without an exception, got text\n$/],
    [
      'with an option that a stage refuses',
      `import { pipeline, syntheticDigits } from 'pwoa'\nexport default pipeline('x', syntheticDigits({ batchSize: 0 }))\n`,
      /^pwoa-run: syntheticDigits: expected .*, got 0\n {2}That is in p\.ts:2:\d+\.\n$/,
    ],
    [
      'with an option that a stage does not know',
      `import { admmMask } from 'pwoa'\nexport default admmMask({ pattern: 'irregular', rate: 4, epoch: 0 })\n`,
      /^pwoa-run: admmMask: expected options among pattern, .*, got the unknown option "epoch"; did you mean epochs\?\n {2}That is in p\.ts:2:\d+\.\n$/,
    ],
    [
      'that imports a package that does not exist',
      `import 'no-such-package-here'\n`,
      /^pwoa-run: p\.ts:1:8: expected a file that compiles, got .*"no-such-package-here"/,
    ],
    ['that imports a file that is missing', `import './gone'\n`, /^pwoa-run: p\.ts:1:8: .*"\.\/gone"/],
    [
      'that imports a name pwoa does not have',
      `import { prune } from 'pwoa'\nexport default prune()\n`,
      /^pwoa-run: p\.ts.*: expected .*, got .*prune/,
    ],
    ['that is empty', ``, /got no export at all\n$/],
  ]

  test('for every kind of mistake', async () => {
    const errors = await command.load(broken.map(([, text]) => ({ cwd: folderWith({ 'p.ts': text }), file: 'p.ts' })))
    for (const [index, [what, , message]] of broken.entries()) {
      expect(errors[index], `a file ${what}`).toMatch(message)
      expect(errors[index]).not.toContain('    at ')
    }
  })

  test('with exit code 2', async () => {
    const { code, stdout, stderr } = await plan({ 'p.ts': 'export const mine = 1' }, 'p.ts')
    expect(stderr).toMatch(/as default export, got only mine\n$/)
    expect([code, stdout]).toEqual([2, ''])
  })

  test('for another file type', async () => {
    const { code, stderr } = await plan({ 'p.py': good }, 'p.py')
    expect(code).toBe(2)
    expect(stderr).toContain('p.py: expected a file that ends in .ts, .mts, .js or .mjs')
  })

  test('that names an imported file if the mistake is there', async () => {
    const { stderr } = await plan({ 'p.ts': `import './lib/b'`, 'lib/b.ts': `let a\nlet a\n` }, 'p.ts')
    expect(stderr).toMatch(/^pwoa-run: lib\/b\.ts:2:5: expected a file that compiles/)
  })
})
