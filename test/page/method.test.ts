import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import axe, { type AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeAdmm, UPDATES } from '../../page/method/admm.js'
import { descend, measure, start } from '../../page/method/bottleneck.js'
import { buildMethodPage } from '../../scripts/page.mjs'
import { root } from '../../scripts/setup.mjs'
import { loadEngine } from '../../src/engine/load/loadEngine.js'
import { nonEmpty } from '../support/expectEvery.js'
import { gaussian64, linear64, normalised64, trace64 } from '../support/hsic64.js'
import { inLong } from '../support/longer.js'
import { needing } from '../support/needs.js'
import { browser, chromiumBrowser } from './browser.js'

beforeAll(() => loadEngine('wasm'))

describe('the data of the figures', () => {
  test('nHSIC at any σ agrees with float64', () => {
    const toy = start()
    const n = toy.classes.length
    const labels = Array.from(toy.classes, (label) => [1 - label, label]).flat()
    const ofLabels = normalised64(linear64(labels, n), n)
    for (const sigma of [0.5, 5]) {
      // The reference has a fixed σ of 5.
      const kernel = gaussian64(
        toy.hidden.map((value) => (value * 5) / sigma),
        n,
      )
      const r = normalised64(kernel, n)
      const found = measure(toy, sigma)
      expect(found.ofImages / trace64(r, r, n)).toBeCloseTo(1, 2)
      expect(found.ofLabels / trace64(ofLabels, r, n)).toBeCloseTo(1, 2)
      for (const [i, value] of nonEmpty(found.kernel.entries()))
        expect(Math.abs(value - (kernel[i] ?? 0))).toBeLessThan(1e-5)
    }
  })

  test('descent lowers the bottleneck: less of the image, more of the label', () => {
    const toy = start()
    const [before, after] = [toy, descend(toy, { sigma: 5, lambdaX: 0.1, lambdaY: 1 }, 60)].map((one) =>
      measure(one, 5),
    )
    expect(after?.ofImages).toBeLessThan((before?.ofImages ?? 0) / 2)
    expect(after?.ofLabels).toBeGreaterThan(before?.ofLabels ?? 1)
  })

  test.each([2, 4, 8])('ADMM at %d×: W and Z meet, at a lower loss than pruning at once', (rate) => {
    const states = makeAdmm()(rate)
    expect(states).toHaveLength(UPDATES + 1)
    const [first, last] = [states[0], states.at(-1)]
    expect(first?.loss).toBe(0)
    expect(last?.z.filter((value) => value !== 0)).toHaveLength(16 / rate)
    expect(last?.primal).toBeLessThan(1e-2)
    expect(last?.lossOfZ).toBeLessThan(0.95 * (first?.lossOfZ ?? 0))
  })
})

describe('the page about the method', needing(chromiumBrowser), () => {
  const open = browser()
  let folder = ''
  let address = ''
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pwoa-method-'))
    const file = join(folder, 'method.html')
    await buildMethodPage(root, file)
    address = pathToFileURL(file).href
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const shown = (page: Page, id: string): Promise<string[]> => page.locator(`#${id} dd`).allTextContents()
  const computed = (page: Page): Promise<void> => page.locator('#masks .picture').waitFor()
  /** Presses Tab until the control of a figure has the focus. */
  const tabTo = async (page: Page, id: string, name: string): Promise<void> => {
    const control = page
      .locator(`#${id}`)
      .getByLabel(name)
      .or(page.locator(`#${id}`).getByRole('button', { name }))
    for (let presses = 0; presses < 40; presses++) {
      if (await control.evaluate((node) => node === document.activeElement)) return
      await page.keyboard.press('Tab')
    }
    throw new Error(`"${name}" is not reached by Tab`)
  }

  test('computes the same as Node, without requests or errors', async () => {
    const { page, problems, hosts } = await open(address)
    await computed(page)
    const { ofImages, ofLabels } = measure(start(), 5)
    const sum = 0.1 * ofImages - ofLabels
    expect(await shown(page, 'bottleneck')).toEqual([ofImages.toFixed(2), ofLabels.toFixed(2), sum.toFixed(3)])
    expect(await shown(page, 'masks')).toEqual(['72', '288', '4.00×'])
    expect(await page.locator('#masks rect:not(.gone)').count()).toBe(72)
    const painted = await page.locator('#bottleneck canvas').evaluate((node) => {
      if (!(node instanceof HTMLCanvasElement)) return []
      const { data } = node.getContext('2d')?.getImageData(0, 0, node.width, node.height) ?? { data: [] }
      return [...data].filter((_, i) => i % 4 === 3)
    })
    expect(painted.length).toBe(48 * 48)
    expect(Math.min(...painted)).toBeLessThan(200)
    expect(Math.max(...painted)).toBe(255)
    expect([...hosts]).toEqual([''])
    expect(problems).toEqual([])
  })

  test('works by keyboard', needing(inLong), async () => {
    const { page, problems } = await open(address)
    await computed(page)
    const [before = ''] = await shown(page, 'distillation')
    await tabTo(page, 'distillation', 'Temperature T')
    await page.keyboard.press('End')
    const [soft, largest] = await shown(page, 'distillation')
    expect(Number(soft)).toBeGreaterThan(Number(before))
    expect(largest).toBe('12 %')
    await tabTo(page, 'distillation', 'How far the student has come')
    await page.keyboard.press('End')
    expect(Number((await shown(page, 'distillation'))[0])).toBeLessThan(1e-6)

    const [image = ''] = await shown(page, 'bottleneck')
    await tabTo(page, 'bottleneck', '20 steps downhill')
    await page.keyboard.press('Space')
    expect(Number((await shown(page, 'bottleneck'))[0])).toBeLessThan(Number(image))
    await tabTo(page, 'bottleneck', 'Start again')
    await page.keyboard.press('Enter')
    expect((await shown(page, 'bottleneck'))[0]).toBe(image)

    await tabTo(page, 'admm', 'Updates of Z and U')
    await page.keyboard.press('End')
    const [, ofW, ofZ] = await shown(page, 'admm')
    expect(ofZ).toBe(ofW)
    await tabTo(page, 'masks', 'What is pruned together')
    await page.keyboard.type('2 of')
    expect(await shown(page, 'masks')).toEqual(['144', '288', '2.00×'])
    await page.keyboard.press('Home')
    await page.keyboard.press('ArrowDown')
    await tabTo(page, 'masks', 'Rate')
    await page.keyboard.press('End')
    expect(await shown(page, 'masks')).toEqual(['36', '288', '8.00×'])
    expect(problems).toEqual([])
  })

  test.each(['light', 'dark'] as const)(
    'axe-core finds nothing in the %s theme, narrow or wide',
    needing(inLong),
    async (colorScheme) => {
      for (const width of [360, 1200]) {
        const { page } = await open(address, { colorScheme, viewport: { width, height: 800 } })
        await computed(page)
        await page.evaluate(axe.source)
        const { violations } = await page.evaluate<AxeResults>('axe.run()')
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([])
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
      }
    },
  )
})
