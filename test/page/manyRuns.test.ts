import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { makeShow, type Show } from '../../src/ui/show.js'
import { figuresOf, plan } from '../report/records.js'
import { inLong } from '../support/longer.js'
import { needing } from '../support/needs.js'
import { pageFiles, serve } from '../ui/served.js'
import { browser, chromiumBrowser } from './browser.js'

const files = pageFiles()
const open = browser()

/** The points of a sweep; their parameters are in another order than the points. */
const showOf = (count: number): Show => {
  const show = makeShow('a sweep')
  for (let i = 0; i < count; i++) {
    const params = { method: `method ${(7 * i) % count}`, rate: (13 * i) % count, seed: 0 }
    show.put({
      id: String(i),
      label: `run ${i}`,
      params,
      plan,
      figures: figuresOf(2),
      pictures: new Map(),
      controls: undefined,
    })
  }
  return show
}

/** Clicks a title of the table. Counts rows that were added or removed, and comparisons of words. */
const sortBy = (page: Page, title: string) =>
  page.evaluate((name) => {
    const body = document.querySelector('.runs tbody')
    const button = [...document.querySelectorAll<HTMLElement>('.sort')].find((one) => one.textContent === name)
    if (!body || !button) throw new Error('no table')
    const observer = new MutationObserver(() => undefined)
    observer.observe(body, { childList: true, subtree: true })
    const { localeCompare } = String.prototype
    let slowComparisons = 0
    String.prototype.localeCompare = function (...others) {
      slowComparisons += 1
      return Reflect.apply(localeCompare, this, others)
    }
    button.click()
    String.prototype.localeCompare = localeCompare
    const changes = observer.takeRecords()
    observer.disconnect()
    return {
      changes: changes.reduce((sum, one) => sum + one.addedNodes.length + one.removedNodes.length, 0),
      slowComparisons,
    }
  }, title)

const labels = (page: Page): Promise<string[]> => page.locator('.choose').allTextContents()

describe('the table of 1,000 runs', needing(inLong, chromiumBrowser), () => {
  test('draws 200 of them, and all when asked', async () => {
    const { url } = await serve(showOf(1000), files())
    const { page, problems } = await open(url)
    const more = page.getByRole('button', { name: 'Show 800 more' })
    await more.waitFor()
    expect(await labels(page)).toEqual(Array.from({ length: 200 }, (_, i) => `run ${i}`))
    await more.click()
    expect(await labels(page)).toHaveLength(1000)
    expect(await more.count()).toBe(0)
    expect(problems).toEqual([])
  })

  test('is sorted with work for the rows that are drawn', async () => {
    const { url } = await serve(showOf(1000), files())
    const { page } = await open(url)
    await page.getByRole('button', { name: 'Show 800 more' }).waitFor()
    for (const title of ['method', 'rate']) {
      for (const first of [999, 0]) {
        const { changes, slowComparisons } = await sortBy(page, title)
        // At most, each row that was drawn goes, and each that is drawn now comes from another place.
        expect(changes, title).toBeGreaterThan(0)
        expect(changes, title).toBeLessThanOrEqual(3 * 200)
        expect(slowComparisons, title).toBe(0)
        const factor = title === 'method' ? 7 : 13
        const expected = Array.from({ length: 200 }, (_, i) => (first === 0 ? i : first - i))
        const shown = (await labels(page)).map((label) => (factor * Number(label.slice('run '.length))) % 1000)
        expect(shown, title).toEqual(expected)
      }
    }
  })

  test('of a few runs has no button for more', async () => {
    const { url } = await serve(showOf(3), files())
    const { page } = await open(url)
    await page.getByText('Connected').waitFor()
    await page.getByRole('button', { name: 'run 2', exact: true }).waitFor()
    expect(await page.getByRole('button', { name: /^Show/ }).count()).toBe(0)
  })
})
