import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import type { Need } from '../support/needs.js'

const places = [
  process.env.PWOA_CHROMIUM ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

/** The browser of this machine; undefined if no browser is installed. */
const chromiumPath = places.find((place) => place !== '' && existsSync(place))

/** For tests that look at a page. */
export const chromiumBrowser: Need = { name: 'chromium', isThere: () => chromiumPath !== undefined }

/** A browser for a file of tests. The returned function opens a page and collects its errors and hosts. */
export const browser = () => {
  let running: Browser | undefined
  beforeAll(async () => {
    if (chromiumPath) running = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] })
  })
  afterAll(() => running?.close())
  return async (url: string, options: BrowserContextOptions = {}) => {
    const context = await running?.newContext({ viewport: { width: 1200, height: 900 }, ...options })
    if (!context) throw new Error('no browser')
    onTestFinished(() => context.close())
    const page = await context.newPage()
    // As long as a test may take: the speed of a page depends on the load of the machine.
    page.setDefaultTimeout(100_000)
    const problems: string[] = []
    const hosts = new Set<string>()
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) hosts.add(new URL(request.url()).host)
    })
    await page.goto(url)
    return { page, problems, hosts }
  }
}

/** Number of pixels of a chart with about the colour of its n-th curve. */
export const pixelsOf = (page: Page, title: string, curve: number): Promise<number> =>
  page.evaluate(
    ([name, variable]) => {
      const figure = [...document.querySelectorAll('figure')].find(
        (one) => one.querySelector('h3')?.textContent === name,
      )
      const canvas = figure?.querySelector('canvas')
      const context = canvas?.getContext('2d')
      if (!canvas || !context) return 0
      const color = getComputedStyle(document.documentElement).getPropertyValue(variable ?? '')
      const wanted = [1, 3, 5].map((at) => Number.parseInt(color.trim().slice(at, at + 2), 16))
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height)
      let count = 0
      for (let i = 0; i < data.length; i += 4)
        if ((data[i + 3] ?? 0) > 200 && wanted.every((value, k) => Math.abs((data[i + k] ?? 0) - value) < 24))
          count += 1
      return count
    },
    [title, `--s${curve}`] as const,
  )
