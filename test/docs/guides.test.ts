import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { transform } from 'esbuild'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { root } from '../../scripts/setup.mjs'
import { buildCommand, folderWith } from '../cli/commandLine.js'
import { compile, importer, publicValues } from '../conventions/project.js'
import { type CodeBlock, codeBlocks, inlineCode, linked, pages, readPage } from './markdown.js'

const blocks = pages().flatMap((page) => codeBlocks(page, 'ts'))
const isFile = (block: CodeBlock): block is CodeBlock & { readonly file: string } => block.file !== undefined
const files = blocks.filter(isFile)
const guides = pages().filter((page) => page.startsWith('docs/guides/'))

describe('code', () => {
  const values = new Set(publicValues().map(({ name }) => name))
  const calls = pages().flatMap((page) =>
    inlineCode(page)
      .filter((text) => /^\w+\(.*\)$/.test(text) && values.has(text.slice(0, text.indexOf('('))))
      .map((text) => ({ page, text })),
  )
  const nameOf = ({ page, line, file }: CodeBlock): string => file ?? `${page.replaceAll('/', '-')}-${line}.ts`
  const inlineName = (i: number): string => `inline-${i}.ts`
  /** Without what a sentence leaves out. */
  const completed = (call: string): string => call.replace(/\(…/g, '(null as never').replace(/…(, )?/g, '')

  let messages: readonly string[] = []
  beforeAll(() => {
    const withImports = importer()
    messages = compile(
      new Map([
        ...blocks.map((block): [string, string] => [nameOf(block), withImports(block.text)]),
        ...calls.map(({ text }, i): [string, string] => [inlineName(i), withImports(completed(text))]),
      ]),
    )
  })

  test('every block on every page compiles', () => {
    expect(new Set(files.map(({ file }) => file)).size).toBe(files.length)
    expect(messages.filter((message) => !message.startsWith('inline-'))).toEqual([])
  })

  test('a call within a sentence names options that exist', () => {
    expect(calls.length).toBeGreaterThan(40)
    // A sentence declares nothing, so other errors mean nothing.
    const unknown = messages.filter((message) => message.includes('does not exist in type'))
    const wrong = calls.filter((_, i) => unknown.some((message) => message.startsWith(`${inlineName(i)}:`)))
    expect(wrong).toEqual([])
  })
})

describe('the files of the pages run', () => {
  let command: Awaited<ReturnType<typeof buildCommand>>
  beforeAll(async () => {
    command = await buildCommand()
    return command.remove
  })

  /** A folder with all files of a page, beside the network that `pwoa-run init` writes. */
  const folderOf = (page: string): string => {
    const folder = folderWith(
      Object.fromEntries(files.filter((one) => one.page === page).map(({ file, text }) => [file, text])),
    )
    cpSync(join(root, 'assets', 'teacher-digits.safetensors'), join(folder, 'teacher-digits.safetensors'))
    return folder
  }
  const run = ['--engine', 'wasm', '--out', 'run', '--quiet']
  const pipelines = files.filter(({ text }) => text.includes('export default '))
  const isDrawn = ({ text }: CodeBlock): boolean => /(syntheticDigits|fromArrays|fromGenerator)\(/.test(text)
  const toDevice = 'docs/guides/deploy.md'

  test.for(pipelines.filter((block) => isDrawn(block) && block.page !== toDevice))(
    '$page: $file, on drawn digits',
    async ({ page, file }) => {
      const { code, stderr } = await command.run([file, ...run], folderOf(page))
      expect(code, stderr).toBe(0)
    },
  )

  test.for(pipelines.filter((block) => !isDrawn(block)))('$page: $file, planned', async ({ page, file }) => {
    const { code, stdout, stderr } = await command.run([file, '--plan'], folderOf(page))
    // The networks of the guides are the reader's own.
    expect([code, stderr]).toEqual([2, expect.stringMatching(/loadTeacher.*no such file/)])
    expect(stdout).toContain('loadTeacher')
  })

  test('what the guide to a device exports is read by onnxruntime as it says', async () => {
    const folder = folderOf(toDevice)
    expect((await command.run(['small.ts', ...run], folder)).code).toBe(0)
    const script = files.find(({ file }) => file === 'use.ts')
    const { code } = await transform(script?.text ?? '', { loader: 'ts', format: 'esm' })
    const cache = join(root, 'node_modules', '.cache')
    mkdirSync(cache, { recursive: true })
    // Beside the packages, so that it finds onnxruntime.
    const place = mkdtempSync(join(cache, 'pwoa-use-'))
    onTestFinished(() => rmSync(place, { recursive: true, force: true }))
    writeFileSync(join(place, 'use.mjs'), code)
    const { stdout } = await promisify(execFile)(process.execPath, [join(place, 'use.mjs')], { cwd: folder })
    expect(stdout).toBe('[ 1, 10 ]\n')
  })
})

describe('figures', () => {
  /** Paragraphs, lists and tables without code, each with what stands in front of a table. */
  const parts = (text: string): readonly string[] =>
    text
      .replace(/^```[\s\S]*?^```$/gm, '')
      .replace(/\n\n(?=\|)/g, '\n')
      .split('\n\n')
  const figures = (text: string): readonly string[] =>
    [...text.replace(/\]\([^)]*\)/g, '').matchAll(/\d[\d,]*(?:\.\d+)?/g)].map(([figure]) => figure)
  const withoutCode = (text: string): string => text.replace(/`[^`]*`/g, '')

  const measured = guides.flatMap((page) =>
    parts(readPage(page)).flatMap((part) => {
      const sources = [...part.matchAll(/\]\((\.\.\/results\/[\w-]+\.md)\)/g)].map(([, link = '']) =>
        linked(page, link),
      )
      return figures(withoutCode(part))
        .filter((figure) => figure.includes('.') || sources.length > 0)
        .map((figure) => ({ page, figure, sources }))
    }),
  )

  test('stand on the page of results that is named beside them', () => {
    expect(measured.length).toBeGreaterThan(30)
    const strange = measured.filter(
      ({ figure, sources }) => !sources.some((source) => figures(readPage(source)).includes(figure)),
    )
    expect(strange).toEqual([])
  })
})
