import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import axe, { type AxeResults } from 'axe-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { root } from '../../scripts/setup.mjs'
import { publicValues } from '../conventions/project.js'
import { inLong } from '../support/longer.js'
import { needing } from '../support/needs.js'
import { browser, chromiumBrowser } from './browser.js'

const open = browser()

const temporary = (): string => mkdtempSync(join(tmpdir(), 'pwoa-site-'))

/** Runs `npm run docs` into a folder. @returns the exit code and the output */
const docs = (...args: readonly string[]): Promise<{ readonly code: number; readonly said: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [join(root, 'scripts', 'site.mjs'), ...args], { cwd: root }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), said: stdout + stderr }),
    )
  })

let site = ''
let made: Awaited<ReturnType<typeof docs>>
beforeAll(async () => {
  site = temporary()
  made = await docs(site)
})
afterAll(() => rmSync(site, { recursive: true, force: true }))

/** The site's pages, as relative paths. */
const pages = async (): Promise<readonly string[]> =>
  (await readdir(site, { recursive: true })).filter((name) => name.endsWith('.html'))

describe('the site', needing(inLong), () => {
  test('builds without warnings: every export has a docstring, every link a page', () => {
    expect(made).toEqual({ code: 0, said: `docs: ${join(site, 'index.html')}\n` })
  })

  test('has a page for each public value', async () => {
    const there = new Set((await pages()).map((page) => basename(page)))
    expect(publicValues().filter(({ name }) => !there.has(`pwoa.${name}.html`))).toEqual([])
  })

  test.each([
    ['distill', ['temperature', 'temperature > 0', '30', 'Temperature T > 0.']],
    [
      'apgd',
      [
        'epsilon',
        'epsilon > 0',
        'required',
        'Radius of the ball: L∞ in (0, 1], L2 in (0, 10⁶]; images are in [0, 1]. It may be a text such as 8/255.',
      ],
    ],
    ['linear', ['out', 'out to be a whole number >= 1', 'required', 'Number of outputs, ≥ 1.']],
    ['mnist', ['dataDir', 'dataDir to be the path of a folder', 'downloaded into the cache folder']],
  ])('the page of %s has a table of its options', (name, row) => {
    const text = readFileSync(join(site, 'functions', `pwoa.${name}.html`), 'utf8')
    const rows = [...text.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, cells = '']) =>
      [...cells.matchAll(/<td>(.*?)<\/td>/gs)].map(([, cell = '']) =>
        cell
          .replaceAll(/<[^>]+>/g, '')
          .replaceAll('&gt;', '>')
          .trim(),
      ),
    )
    expect(rows.map((cells) => cells.slice(0, row.length))).toContainEqual(row)
  })

  test('every page of text or of a function has one h1', async () => {
    const shown = (await pages()).filter((page) => /^(index\.html|documents\/|functions\/)/.test(page))
    const heads = shown.map((page) => [page, readFileSync(join(site, page), 'utf8').split('<h1').length - 1] as const)
    expect(heads.length).toBeGreaterThan(150)
    expect(heads.filter(([, count]) => count !== 1)).toEqual([])
  })

  test('loads nothing from elsewhere', async () => {
    const loads = /<(?:script|img|iframe)[^>]*\ssrc="(?:https?:)?\/\/|<link[^>]*\shref="(?:https?:)?\/\//
    const texts = (await pages()).map((page) => [page, readFileSync(join(site, page), 'utf8')] as const)
    expect(texts.length).toBeGreaterThan(200)
    expect(texts.filter(([, text]) => loads.test(text)).map(([page]) => page)).toEqual([])
  })

  test('opens from disk and finds a stage, without requests', needing(inLong, chromiumBrowser), async () => {
    const {
      page,
      problems: wrong,
      hosts,
    } = await open(pathToFileURL(join(site, 'index.html')).href, { colorScheme: 'dark' })
    await page.locator('#tsd-search-trigger').click()
    await page.locator('#tsd-search-input').fill('admmMask')
    await page.locator('#tsd-search-results').getByText('admmMask', { exact: true }).first().click()
    await page.getByRole('heading', { name: 'Function admmMask' }).waitFor()
    await page.getByRole('link', { name: 'The method, in pictures' }).click()
    await page.locator('#masks .picture').waitFor()
    expect([...hosts]).toEqual([''])
    // Chromium reports that it inlines icons of the page's folder.
    expect(wrong.filter((text) => !text.includes('Unsafe attempt to load URL file:'))).toEqual([])
  })
})

test.each([390, 1280])('no formula is cut off, %d pixels wide', needing(inLong, chromiumBrowser), async (width) => {
  const { page } = await open(pathToFileURL(join(site, 'functions', 'pwoa.matchJacobian.html')).href, {
    viewport: { width, height: 800 },
  })
  const formulas = await page
    .locator('pre:has(> code:not([class]))')
    .evaluateAll((found) => found.map((formula) => formula.scrollWidth - formula.clientWidth))
  expect(formulas.length).toBeGreaterThan(0)
  expect(Math.max(...formulas)).toBeLessThanOrEqual(1)
})

describe('the search', needing(inLong, chromiumBrowser), () => {
  test.each([
    ['a word of a guide', 'Hilbert', 'Glossary'],
    ['an option of a stage', 'retrainEpochs', 'admmMask'],
  ])('finds %s', async (_, words, page) => {
    const { page: shown } = await open(pathToFileURL(join(site, 'index.html')).href)
    await shown.locator('#tsd-search-trigger').click()
    await shown.locator('#tsd-search-input').fill(words)
    await shown.locator('#tsd-search-results').getByText(page).first().waitFor()
    expect(await shown.locator('#tsd-search-results li').count()).toBeGreaterThan(0)
  })
})

describe('by keyboard and screen reader', needing(inLong, chromiumBrowser), () => {
  /** A finding in TypeDoc's own markup: a heading that folds its section contains a link. */
  const itsOwn = ['nested-interactive']

  test.each([
    ['dark', 360],
    ['light', 1300],
  ] as const)('axe-core finds nothing serious, %s, %d pixels wide', async (colorScheme, width) => {
    for (const name of ['index.html', 'documents/Choose_a_rate.html', 'functions/pwoa.admmMask.html']) {
      const { page } = await open(pathToFileURL(join(site, name)).href, {
        colorScheme,
        viewport: { width, height: 800 },
      })
      await page.evaluate(axe.source)
      const { violations } = await page.evaluate<AxeResults>('axe.run()')
      const serious = violations.filter(
        ({ id, impact }) => /serious|critical/.test(impact ?? '') && !itsOwn.includes(id),
      )
      expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    }
  })
})

test('an export without a docstring fails the build', needing(inLong), async () => {
  const folder = temporary()
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const { code, said } = await docs(folder, fileURLToPath(new URL('fixtures/bare.ts', import.meta.url)))
  expect(code).toBe(1)
  const undocumented = said.split('\n').filter((line) => line.endsWith('does not have any documentation'))
  expect(undocumented).toEqual([expect.stringContaining('bare (Variable)')])
  expect(existsSync(join(folder, 'index.html'))).toBe(true)
})
