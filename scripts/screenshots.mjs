/**
 * node scripts/screenshots.mjs RUN
 *
 * Pictures of a run's page and report for the documentation, in both themes and on a narrow window: docs/pictures. Needs
 * Chromium (PWOA_CHROMIUM, else `chromium` on the path).
 */
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const [run] = process.argv.slice(2)
if (run === undefined) {
  process.stderr.write('usage: node scripts/screenshots.mjs RUN\n')
  process.exit(2)
}

const root = fileURLToPath(new URL('..', import.meta.url))
const pictures = join(root, 'docs', 'pictures')
mkdirSync(pictures, { recursive: true })

const server = spawn(process.execPath, [join(root, 'dist', 'cli', 'main.js'), 'ui', run], {
  stdio: ['ignore', 'pipe', 'pipe'],
})
const address = await new Promise((found) => {
  for (const stream of [server.stdout, server.stderr])
    createInterface(stream).on('line', (line) => {
      const [url] = /http:\/\/\S+/.exec(line) ?? []
      if (url) found(url)
    })
})
const browser = await chromium.launch({
  executablePath: process.env.PWOA_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
})
const report = pathToFileURL(resolve(run, 'report.html')).href
const windows = [
  ['light', 1000, 900],
  ['dark', 1000, 900],
  ['narrow', 390, 1100],
]
for (const [what, url] of [
  ['page', address],
  ['report', report],
])
  for (const [name, width, height] of windows) {
    const colorScheme = name === 'dark' ? 'dark' : 'light'
    const page = await browser.newPage({ viewport: { width, height }, colorScheme })
    await page.goto(url)
    // Charts are drawn after the first message.
    await page.locator('svg, canvas').first().waitFor()
    await page.waitForFunction(() => document.fonts.status === 'loaded')
    await page.screenshot({ path: join(pictures, `${what}-${name}.png`) })
    await page.close()
  }
await browser.close()
server.kill()
