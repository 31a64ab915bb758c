import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import axe, { type AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import type { PageMessage } from '../../src/ui/messages.js'
import { buildCommand, folderWith, type Started } from '../cli/commandLine.js'
import { userFiles } from '../cli/userFiles.js'
import { nonEmpty } from '../support/expectEvery.js'
import { inLong } from '../support/longer.js'
import { needing } from '../support/needs.js'
import { browser, chromiumBrowser, pixelsOf } from './browser.js'

let command: Awaited<ReturnType<typeof buildCommand>>
beforeAll(async () => {
  command = await buildCommand()
  return command.remove
})

const open = browser()

const teacher = fileURLToPath(new URL('../../assets/teacher-digits.safetensors', import.meta.url))

/** The whole method in small, on a network that was trained to be robust. */
const method = `
import { admmMask, attackEval, distill, hsicRegularize, loadTeacher, mnistNet, pgd, pipeline, syntheticDigits } from 'pwoa'

export default pipeline('small', syntheticDigits({ train: 256, test: 64, batchSize: 64 })).pipe(
  loadTeacher(${JSON.stringify(teacher)}, { architecture: mnistNet }),
  distill(),
  hsicRegularize({ lambdaX: 2e-4, lambdaY: 5e-5 }),
  admmMask({ pattern: 'irregular', rate: 4, epochs: 4, retrainEpochs: 4, updateEvery: 1 }),
  attackEval([pgd({ epsilon: 0.3, steps: 10, stepSize: 0.05 })], { examples: 64, pictures: 3 }),
)
`

/** The address that a command prints. */
const addressOf = async (started: Started): Promise<string> => {
  const [, address = ''] = await started.prints(/page: (\S+)\n/)
  return address
}

/** The first message of the event stream. */
const firstMessage = async (address: string): Promise<PageMessage> => {
  const { body } = await fetch(`${address}events`)
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (reader) {
    const { done, value } = await reader.read()
    if (done) break
    text += value
    const [, data] = /data: (.*)\n\n/.exec(text) ?? []
    if (data === undefined) continue
    await reader.cancel()
    return JSON.parse(data) as PageMessage
  }
  throw new Error('the stream ended')
}

describe('a run with --ui', needing(chromiumBrowser), () => {
  test('is shown live, pauses and resumes, and leaves its last state on the page and a report', async () => {
    const folder = folderWith({ 'small.ts': method })
    const started = command.start(['small.ts', '--ui', '--out', 'run', '--json'], folder)
    const address = await addressOf(started)
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{22}\/$/)
    const { page, problems, hosts } = await open(address)
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.locator('.badge.paused').waitFor()
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('The process has ended. This is its last state.').waitFor()
    const { code, stdout } = await started.ended
    expect(code).toBe(0)
    expect(await page.locator('.badge').textContent()).toBe('done')
    await page.getByText('step 32 of 32').waitFor()
    for (const [title, curves] of [
      ['Loss', 4],
      ['Learning rate', 1],
      ['ADMM residuals', 2],
      ['ADMM penalty ρ', 1],
    ] as const)
      for (let curve = 1; curve <= curves; curve++)
        expect(await pixelsOf(page, title, curve), `${title}, curve ${curve}`).toBeGreaterThan(20)
    const pictures = page.getByRole('img', { name: /^Adversarial/ })
    expect(await pictures.count()).toBe(2)
    for (const image of nonEmpty(await pictures.all()))
      expect(await image.evaluate((one) => one instanceof HTMLImageElement && one.naturalWidth)).toBeGreaterThan(100)
    const summary = JSON.parse(stdout)
    const accuracy = `pgd ${(100 * summary.after.attacks.pgd).toFixed(1)} %`
    expect(await page.locator('.tiles').textContent()).toContain(accuracy)
    expect([...hosts]).toEqual([new URL(address).host])
    // After the process has ended, there is no response.
    expect(problems.filter((problem) => !problem.includes('ERR_CONNECTION_REFUSED'))).toEqual([])

    const report = pathToFileURL(join(folder, 'run', 'report.html')).href
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page: paper, problems: wrong } = await open(report, {
        colorScheme,
        viewport: { width: 400, height: 800 },
      })
      await paper.evaluate(axe.source)
      const { violations } = await paper.evaluate<AxeResults>('axe.run()')
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([])
      expect(await paper.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(400)
      expect(wrong).toEqual([])
    }
  })

  test('killed and resumed: a page at the new address shows the earlier part', needing(inLong), async () => {
    const folder = folderWith(userFiles)
    const args = ['pipeline.ts', '--engine', 'wasm', '--set', 'epochs=400', '--set', 'pace=slow', '--ui']
    const first = command.start([...args, '--out', 'run'], folder)
    const address = await addressOf(first)
    const { page } = await open(address)
    await first.prints(/train +30\/400/)
    first.child.kill('SIGKILL')
    await first.ended
    await page.getByText('Connection lost; retrying …').waitFor()
    const second = command.start([...args, '--resume', 'run'], folder)
    const again = await addressOf(second)
    expect(again.split('/')[3]).not.toBe(address.split('/')[3])
    const { page: resumed } = await open(again)
    await resumed.getByText('Connected', { exact: true }).waitFor()
    await second.prints(/train +60\/400/)
    const { runs } = await firstMessage(again)
    const [run] = runs
    expect(run?.facts?.state).toBe('running')
    expect(run?.facts?.environments).toHaveLength(2)
    expect(run?.facts?.timeline.map(({ label, to }) => [label, to !== undefined])).toEqual([
      ['train', true],
      ['train', false],
    ])
    second.child.kill('SIGINT')
    expect((await second.ended).code).toBe(130)
    await resumed.locator('.badge.stopped').waitFor()
    // Lines are on disk when the state is saved.
    const losses = readFileSync(join(folder, 'run', 'metrics.jsonl'), 'utf8')
      .split('\n')
      .slice(0, 100)
      .map((line) => Number((JSON.parse(line) as { loss: number }).loss.toPrecision(6)))
    expect(run?.curves?.width).toBe(1)
    expect(run?.curves?.columns.loss?.slice(0, 100)).toEqual(losses)
  })

  test('pwoa-run ui shows a folder, with the runs of a comparison side by side', async () => {
    const comparison = `
import { compare, pipeline, syntheticDigits } from 'pwoa'
import { evaluated, halve } from './lib/halving'

const row = (epochs: number) => pipeline('row', syntheticDigits({ train: 40, test: 20, batchSize: 10 })).pipe(halve(epochs), evaluated)

export default compare('rows', { short: row(2), long: row(6) })
`
    const folder = folderWith({ ...userFiles, 'rows.ts': comparison })
    const made = await command.run(['rows.ts', '--engine', 'wasm', '--out', 'both', '--quiet'], folder)
    expect(made.code).toBe(0)
    const started = command.start(['ui', 'both'], folder)
    const { page } = await open(await addressOf(started))
    await page.getByRole('heading', { name: 'Runs', exact: true }).waitFor()
    expect(await page.locator('.choose').allTextContents()).toEqual(['short', 'long'])
    await page.getByText('step 24 of 24').waitFor()
    await page.getByRole('button', { name: 'short', exact: true }).click()
    await page.getByText('step 8 of 8').waitFor()
    expect(await page.getByRole('button', { name: 'Pause' }).isVisible()).toBe(false)
    started.child.kill('SIGINT')
    expect(await started.ended).toMatchObject({ code: 0, stdout: '' })
  })

  test('a sweep is followed live, and its folder opens with all points, to sort', needing(inLong), async () => {
    const points = `
import { existsSync } from 'node:fs'
import { concatMap, filter, map, take, timer } from 'rxjs'
import { asynchronous, pipeline, type Step, sweep, syntheticDigits } from 'pwoa'
import { evaluated, halve } from './lib/halving'

const start = timer(0, 20).pipe(filter(() => existsSync(process.env.START ?? '')), take(1))
const held = asynchronous<Step, Step>(concatMap((step) => start.pipe(map(() => step))))
const fail = () => {
  throw new Error('a bad point')
}

const points = [{ rate: 16, seed: 0 }, { rate: 2, seed: 0 }, { rate: 2, seed: 1 }, { rate: 4, seed: 0 }]

export default sweep('halvings', points, ({ rate, seed }) =>
  pipeline('halving', syntheticDigits({ train: 40, test: 20, batchSize: 10 }))
    .pipe(held, halve(rate, rate + seed === 3 ? fail : undefined), evaluated))
`
    const folder = folderWith({ ...userFiles, 'points.ts': points })
    const go = join(folder, 'start')
    const running = command.start(['points.ts', '--engine', 'wasm', '--ui', '--out', 'all'], folder, { START: go })
    const { page, problems } = await open(await addressOf(running))
    const runs = (shown: Page) => {
      const cells = (place: number): Promise<string[]> =>
        shown.locator(`tr:has(.choose) > :nth-child(${place})`).allTextContents()
      return { labels: () => cells(1), states: () => cells(2), seeds: () => cells(4) }
    }
    await page.locator('.badge.running').waitFor()
    expect(await runs(page).states()).toEqual(['running', 'waiting', 'waiting', 'waiting'])
    writeFileSync(go, '')
    await page.getByText('The process has ended. This is its last state.').waitFor()
    expect((await running.ended).code).toBe(1)
    expect(await runs(page).states()).toEqual(['done', 'done', 'failed', 'done'])
    expect(problems.filter((problem) => !problem.includes('ERR_CONNECTION_REFUSED'))).toEqual([])

    const started = command.start(['ui', 'all'], folder)
    const { page: later } = await open(await addressOf(started))
    const { labels, seeds } = runs(later)
    await later.getByText('step 16 of 16').waitFor()
    expect(await labels()).toEqual(['rate=16 seed=0', 'rate=2 seed=0', 'rate=2 seed=1', 'rate=4 seed=0'])
    await later.getByRole('button', { name: 'rate', exact: true }).click()
    await later.getByRole('button', { name: 'rate', exact: true }).click()
    expect(await labels()).toEqual(['rate=2 seed=0', 'rate=2 seed=1', 'rate=4 seed=0', 'rate=16 seed=0'])
    await later.getByRole('button', { name: 'seed', exact: true }).click()
    expect(await seeds()).toEqual(['1', '0', '0', '0'])
    const title = 'Loss of the first 6 runs in the table'
    for (let curve = 1; curve <= 3; curve++)
      expect(await pixelsOf(later, title, curve), `curve ${curve}`).toBeGreaterThan(20)
    await later.getByRole('button', { name: 'rate=2 seed=0', exact: true }).click()
    await later.getByText('step 8 of 8').waitFor()
    await later.getByRole('button', { name: 'rate=2 seed=1', exact: true }).click()
    await later.getByText('Failed. The terminal of the sweep shows the reason.').waitFor()
    started.child.kill('SIGINT')
    expect((await started.ended).code).toBe(0)
  })
})
