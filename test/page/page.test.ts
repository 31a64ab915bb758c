import axe, { type AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { LoggedEvent, RunEvent } from '../../src/dsl/events.js'
import { makeShow, type Show } from '../../src/ui/show.js'
import { figuresOf, layers, metricsAt, plan } from '../report/records.js'
import { inLong } from '../support/longer.js'
import { needing } from '../support/needs.js'
import { pageFiles, serve } from '../ui/served.js'
import { browser, chromiumBrowser, pixelsOf } from './browser.js'

const files = pageFiles()
const open = browser()

const picture =
  '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20" fill="red"/></svg>'

/** A show of the given number of runs, with everything that the page can show. */
const showOf = (count: number, asked: string[] = []): Show => {
  const show = makeShow('a title')
  for (let i = 0; i < count; i++) {
    const figures = figuresOf(50 + i)
    const id = String(i)
    const attacks = { autoattack: 0.5 - 0.1 * i }
    const accuracies = { clean: 0.9, attacks, examples: 10 }
    figures.event({ at: 1010, step: 50, event: { type: 'admm', epoch: 1, rho: 0.02, primal: 2, dual: 0.1 } })
    figures.event({ at: 1011, step: 50, event: { type: 'evaluation', subject: 'after', accuracies } })
    for (const step of [10, 20])
      figures.event({ at: 1012, step, event: { type: 'evaluation', subject: 'epoch', accuracies } })
    const attacked = { subject: 'after', attack: 'pgd', stage: 'pgd', robust: 0.5, attacked: 9, broken: 4 } as const
    figures.event({ at: 1013, step: 50, event: { type: 'attacked', ...attacked, seconds: 1 } })
    const control = (what: string) => () => {
      asked.push(what)
      if (what !== 'stop')
        show.event(id, { at: 1020, step: 50, event: { type: what === 'pause' ? 'paused' : 'continued' } })
    }
    const controls = { pause: control('pause'), proceed: control('proceed'), stop: control('stop') }
    show.put({
      id,
      label: `run ${i}`,
      params: { rate: 4 ** i, seed: 0 },
      plan,
      figures,
      pictures: new Map([['attacks.svg', picture]]),
      controls,
    })
  }
  return show
}

const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { activeElement: at } = document
    return at?.closest('label')?.textContent?.trim() ?? at?.getAttribute('aria-label') ?? at?.textContent?.trim() ?? ''
  })

/** Presses Tab until the focused element's name starts with the given text. */
const tabTo = async (page: Page, name: string): Promise<void> => {
  for (let presses = 0; presses < 80; presses++) {
    if ((await focused(page)).startsWith(name)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`"${name}" is not reached by Tab`)
}

describe('the page in a browser', needing(chromiumBrowser), () => {
  test('draws each curve without errors or requests to other hosts', async () => {
    const { url, port } = await serve(showOf(1), files())
    const { page, problems, hosts } = await open(url)
    await page.getByText('Connected').waitFor()
    await page.getByRole('heading', { name: 'Loss' }).waitFor()
    await page.waitForFunction(() => document.querySelectorAll('canvas').length >= 6)
    for (const [title, curves] of [
      ['Loss', 3],
      ['Learning rate', 1],
      ['ADMM residuals', 1],
      ['ADMM penalty ρ', 1],
      ['Accuracy during training', 2],
    ] as const) {
      for (let curve = 1; curve <= curves; curve++)
        expect(await pixelsOf(page, title, curve), `${title}, curve ${curve}`).toBeGreaterThan(60)
      expect(await pixelsOf(page, title, 6)).toBe(0)
    }
    expect(
      await page.getByRole('img', { name: /^Adversarial/ }).evaluate((image) => image.clientWidth),
    ).toBeGreaterThan(0)
    expect(await page.getByText('75.0 %').first().isVisible()).toBe(true)
    expect([...hosts]).toEqual([`127.0.0.1:${port}`])
    expect(problems).toEqual([])
  })

  test('extends a curve by new steps', async () => {
    const show = showOf(1)
    const { url } = await serve(show, files())
    const { page } = await open(url)
    await page.getByText('step 50 of 50').waitFor()
    for (let step = 51; step <= 2000; step++) show.step('0', metricsAt(step, 4000))
    await page.getByText('step 2,000 of 4,000').waitFor()
    const text = await page.getByRole('img', { name: /^Loss/ }).getAttribute('aria-label')
    expect(text).toMatch(/^Loss\. loss 5e-4, distillation/)
  })

  test('works by keyboard, and keeps the focus during updates', async () => {
    const asked: string[] = []
    const show = showOf(2, asked)
    const { url } = await serve(show, files())
    const { page } = await open(url)
    await page.getByText('Connected').waitFor()
    await tabTo(page, 'autoattack')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Enter')
    const rows = (): Promise<string[]> => page.locator('.choose').allTextContents()
    expect(await rows()).toEqual(['run 1', 'run 0'])
    await tabTo(page, 'run 0')
    await page.keyboard.press('Space')
    await page.getByRole('heading', { name: 'run 0', exact: true }).waitFor()
    await tabTo(page, 'Pause')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Go on' }).waitFor()
    expect(await focused(page)).toBe('Go on')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Pause' }).waitFor()
    page.once('dialog', (dialog) => void dialog.dismiss())
    await tabTo(page, 'Stop')
    await page.keyboard.press('Enter')
    page.once('dialog', (dialog) => void dialog.accept())
    await page.keyboard.press('Enter')
    await expect.poll(() => asked).toEqual(['pause', 'proceed', 'stop'])

    await tabTo(page, 'distillation')
    const before = await pixelsOf(page, 'Loss', 2)
    await page.keyboard.press('Space')
    expect(await pixelsOf(page, 'Loss', 2)).toBeLessThan(before / 4)
    for (let step = 51; step <= 60; step++) show.step('0', metricsAt(step, 100))
    await page.getByText('step 60 of 100').waitFor()
    expect(await focused(page)).toMatch(/^distillation/)
    expect(await pixelsOf(page, 'Loss', 2)).toBeLessThan(before / 4)
    await tabTo(page, 'Plan')
    await page.keyboard.press('Enter')
    expect(await page.getByText('loadTeacher').isVisible()).toBe(true)
  })

  test.each(['light', 'dark'] as const)(
    'axe-core finds nothing in the %s theme, narrow or wide',
    async (colorScheme) => {
      const { url } = await serve(showOf(2), files())
      for (const width of [360, 1200]) {
        const { page } = await open(url, { colorScheme, viewport: { width, height: 800 } })
        await page.getByText('Connected').waitFor()
        await page.waitForFunction(() => document.querySelectorAll('canvas').length >= 6)
        for (const summary of await page.locator('summary').all()) await summary.click()
        await page.evaluate(axe.source)
        const { violations } = await page.evaluate<AxeResults>('axe.run()')
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([])
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
      }
    },
  )

  const seconds = 30

  test(
    `10,000 events per second for ${seconds} s use no more memory than the first of them`,
    needing(inLong),
    async () => {
      const show = showOf(1)
      const { url } = await serve(show, files())
      const { page, problems } = await open(url)
      const session = await page.context().newCDPSession(page)
      const used = async (): Promise<number> => {
        await session.send('HeapProfiler.collectGarbage')
        const { usedSize, embedderHeapUsedSize, backingStorageSize } = await session.send('Runtime.getHeapUsage')
        return usedSize + embedderHeapUsedSize + backingStorageSize
      }
      const all = 10_000 * seconds
      let count = 0
      let step = 50
      const logged = (at: number): LoggedEvent => ({ at: 1020 + count / 10_000, step, event: eventOf(at, all) })
      const send = (): void => {
        count += 1
        if (count % 10 !== 0) show.step('0', metricsAt(++step, all))
        else show.event('0', logged(count))
      }
      const rush = (until: number): Promise<void> =>
        new Promise((resolve) => {
          const timer = setInterval(() => {
            for (let i = 0; i < 100 && count < until; i++) send()
            if (count < until) return
            clearInterval(timer)
            resolve()
          }, 10)
        })
      // The bounded history is full from the start.
      for (let i = 1; i <= 1000; i++) for (const kind of [100, 1000]) show.event('0', logged(kind * i))
      await rush(20_000)
      await page.getByText('step 18,050 of').waitFor()
      const before = await used()
      await rush(all)
      await page.getByText(`step ${(50 + 0.9 * all).toLocaleString('en')} of`).waitFor()
      expect((await used()) - before).toBeLessThan(500_000)
      expect(problems).toEqual([])
    },
  )
})

/** Events of several kinds in turn. */
const eventOf = (count: number, all: number): RunEvent => {
  if (count % 1000 === 0) return { type: 'weights', phase: 'admm', epoch: count, layers }
  if (count % 100 === 0) return { type: 'admm', epoch: count, rho: 0.02, primal: 1, dual: 0.1 }
  const evaluation = { subject: 'after', attack: 'pgd', stage: 'pgd', done: count, total: all, robust: 0.5 } as const
  return { type: 'evaluating', ...evaluation, secondsLeft: 1 }
}
