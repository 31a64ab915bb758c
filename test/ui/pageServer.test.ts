import { request } from 'node:http'
import { hostname } from 'node:os'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { PwoaFailure } from '../../src/dsl/errors.js'
import { given } from '../../src/dsl/kit/given.js'
import { makeRunFigures } from '../../src/report/figures/runFigures.js'
import type { PageMessage } from '../../src/ui/messages.js'
import { openPageServer } from '../../src/ui/pageServer.js'
import { isOwnHost } from '../../src/ui/requestPlace.js'
import { makeShow, type ShownRun } from '../../src/ui/show.js'
import { figuresOf, metricsAt, plan } from '../report/records.js'
import { until } from '../support/until.js'
import { pageFiles, serve, token } from './served.js'

const files = pageFiles()

const shown = (more: Partial<ShownRun> = {}): ShownRun => ({
  id: '0',
  label: 'a run',
  plan,
  figures: figuresOf(10),
  pictures: new Map([['attacks.svg', '<svg/>']]),
  controls: undefined,
  ...more,
})

interface Answer {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

const ask = (
  port: number,
  path: string,
  { host, origin, ...options }: { method?: string; host?: string; origin?: string | undefined } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const headers = given({ host, origin })
    const asked = request({ port, path, method: options.method ?? 'GET', headers }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }))
    })
    asked.on('error', reject).end()
  })

/** Messages of the event stream, in order. */
const listen = (port: number, query = '') => {
  const messages: PageMessage[] = []
  let text = ''
  const asked = request({ port, path: `/${token}/events${query}` }, (response) => {
    response.setEncoding('utf8').on('data', (part: string) => {
      text += part
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks)
        if (block.startsWith('data: ')) messages.push(JSON.parse(block.slice('data: '.length)) as PageMessage)
    })
  })
  asked.on('error', () => undefined).end()
  onTestFinished(() => void asked.destroy())
  return { messages, until: (count: number) => until(`${count} messages`, () => messages.length >= count) }
}

describe('access to the page', () => {
  test.each(['/', '/events', '/page.js', '/wrong/', `/${token}x/`, `/${token.slice(1)}/events`, '//', '/%00/'])(
    'is refused at %s',
    async (path) => {
      const { port } = await serve(makeShow('run'), files())
      const { status, body } = await ask(port, path)
      expect([status, body]).toEqual([403, 'Use the address that pwoa-run printed.\n'])
    },
  )

  test('is refused to a site whose name resolves to this machine, even with the token', async () => {
    const { port } = await serve(makeShow('run'), files())
    expect((await ask(port, `/${token}/`, { host: 'evil.example' })).status).toBe(403)
    expect((await ask(port, `/${token}/`, { host: `localhost:${port}` })).status).toBe(200)
  })

  test.each([
    ['127.0.0.1', 'localhost:80', true],
    ['127.0.0.1', '[::1]', true],
    ['::1', '127.0.0.1:80', true],
    ['127.0.0.1', '192.168.0.7:80', false],
    ['127.0.0.1', 'evil.example', false],
    ['localhost', hostname(), false],
    ['0.0.0.0', '192.168.0.7:80', true],
    ['::', '[fe80::1]:80', true],
    ['0.0.0.0', hostname(), true],
    ['0.0.0.0', 'evil.example:80', false],
    ['0.0.0.0', '127.0.0.1.evil.example', false],
    ['lab.example', 'LAB.example:80', true],
    ['lab.example', 'evil.lab.example:80', false],
    ['0.0.0.0', '', false],
  ])('of a page at %s by the host %s: %s', (bound, host, known) => {
    expect(isOwnHost(bound, { host })).toBe(known)
  })

  test('is only from this machine, at the printed address', async () => {
    const { url, port } = await serve(makeShow('run'), files())
    expect(url).toBe(`http://127.0.0.1:${port}/${token}/`)
  })

  test('every response forbids content from elsewhere', async () => {
    const { port } = await serve(makeShow('run'), files())
    for (const path of [`/${token}/`, `/${token}/nothing`, '/']) {
      const { headers } = await ask(port, path)
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/)
      expect(headers['referrer-policy']).toBe('no-referrer')
      expect(headers['cache-control']).toBe('no-store')
    }
  })

  test('an address in use is an error that names it', async () => {
    const { port } = await serve(makeShow('run'), files())
    const again = openPageServer({ host: '127.0.0.1', port, token, files: files(), show: makeShow('run') })
    const error = await again.catch((thrown: unknown) => (thrown instanceof PwoaFailure ? thrown.error : undefined))
    expect(error).toMatchObject({ _tag: 'OptionError', stage: '--ui', expected: 'a free address' })
  })
})

describe('responses', () => {
  test('the page has less than 100 kB', () => {
    const sizes = [...files().values()].map(({ bytes }) => gzipSync(bytes).length)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(100_000)
    for (const { bytes } of files().values())
      expect(Buffer.from(bytes).toString()).not.toMatch(/https?:\/\/(?!www\.w3\.org)/)
  })

  test('a request controls the run', async () => {
    const show = makeShow('run')
    const { port } = await serve(show, files())
    const asked: string[] = []
    const controls = {
      pause: () => void asked.push('pause'),
      proceed: () => void asked.push('proceed'),
      stop: () => void asked.push('stop'),
    }
    show.put(shown({ controls }))
    show.put(shown({ id: '1' }))
    const own = `http://localhost:${port}`
    const post = async (path: string, origin: string | undefined = own, host?: string): Promise<number | undefined> =>
      (await ask(port, `/${token}/runs/${path}`, { method: 'POST', origin, ...given({ host }) })).status
    expect(await post('0/pause')).toBe(200)
    expect(await post('0/proceed')).toBe(200)
    expect(await post('0/stop')).toBe(200)
    expect(await post('1/stop')).toBe(409)
    expect(await post('7/stop')).toBe(409)
    expect(await post('0/constructor')).toBe(404)
    expect((await ask(port, `/${token}/runs/0/stop`)).status).toBe(404)
    expect(asked).toEqual(['pause', 'proceed', 'stop'])
    // Of another site, which knows the token: by a form, by a script, by a name that resolves to this machine.
    for (const origin of [
      'http://evil.example',
      'null',
      `http://127.0.0.1:${port + 1}`,
      `https://127.0.0.1:${port}`,
      '',
    ])
      expect(await post('0/stop', origin), origin).toBe(403)
    expect((await ask(port, `/${token}/runs/0/stop`, { method: 'POST' })).status).toBe(403)
    expect(await post('0/stop', 'http://evil.example', 'evil.example')).toBe(403)
    expect(asked).toHaveLength(3)
    expect(await post('0/stop', `http://127.0.0.1:${port}`, `127.0.0.1:${port}`)).toBe(200)
  })
})

describe('the event stream', () => {
  test('starts with everything, continues with changes, and restarts for a page that reconnects', async () => {
    const show = makeShow('the title')
    show.put(shown())
    const { port } = await serve(show, files())
    const first = listen(port)
    await first.until(1)
    expect(first.messages[0]).toMatchObject({
      kind: 'all',
      title: 'the title',
      runs: [{ id: '0', control: 'none', facts: { engine: 'engine: tensorflow 2.15.1 (native)' }, plan: { seed: 7 } }],
    })
    // What was added before the first page connected is sent again with the first change.
    await first.until(2)
    show.step('0', metricsAt(11, 20))
    await first.until(3)
    const [change] = first.messages[2]?.runs ?? []
    expect(first.messages[2]?.kind).toBe('changes')
    expect(change).toMatchObject({ head: { metrics: { step: 11 } }, curves: { from: 10 } })
    expect(change).not.toHaveProperty('facts')
    expect(change?.curves?.columns.loss).toEqual([0.0909091])
    const second = listen(port)
    await second.until(1)
    expect(second.messages[0]?.runs[0]?.curves?.columns.loss).toHaveLength(11)
    expect(second.messages[0]?.runs[0]?.pictures).toEqual({ 'attacks.svg': 'PHN2Zy8+' })
  })

  test('sends the run that a page has chosen in full, and the others in brief', async () => {
    const show = makeShow('runs')
    for (const id of ['a', 'b']) show.put(shown({ id, params: { rate: 4 } }))
    const controls = { pause: () => undefined, proceed: () => undefined, stop: () => undefined }
    show.put(shown({ id: 'c', controls, figures: makeRunFigures('c') }))
    show.put(shown({ id: 'waiting', figures: makeRunFigures('waiting', 'waiting') }))
    const { port } = await serve(show, files())
    const first = async (query: string): Promise<PageMessage | undefined> => {
      const page = listen(port, query)
      await page.until(1)
      return page.messages[0]
    }
    const message = await first('?run=a')
    expect(message?.shown).toBe('a')
    const [full, brief] = message?.runs ?? []
    expect(full).toMatchObject({
      id: 'a',
      params: { rate: 4 },
      plan: { seed: 7 },
      pictures: { 'attacks.svg': 'PHN2Zy8+' },
    })
    expect(Object.keys(full?.curves?.columns ?? {})).toContain('learning rate')
    expect(brief).toMatchObject({
      id: 'b',
      params: { rate: 4 },
      head: full?.head,
      facts: { state: full?.facts?.state },
    })
    expect(Object.keys(brief ?? {}).sort()).toEqual([
      'control',
      'curves',
      'facts',
      'head',
      'id',
      'label',
      'params',
      'weights',
    ])
    expect(Object.keys(brief?.curves?.columns ?? {})).toEqual(['loss'])
    expect(brief?.weights?.flatMap(({ layers }) => layers.flatMap(({ histogram }) => histogram))).toEqual([])
    // Without a choice, the newest that has started.
    expect((await first(''))?.shown).toBe('c')
    expect((await first('?run=nobody'))?.shown).toBe('c')
  })

  test('combines many events into few messages', async () => {
    const show = makeShow('run')
    show.put(shown())
    const { port } = await serve(show, files())
    const page = listen(port)
    await page.until(2)
    for (let step = 11; step <= 5000; step++) show.step('0', metricsAt(step, 5000))
    await page.until(3)
    expect(page.messages).toHaveLength(3)
    expect(page.messages[2]?.runs[0]?.head?.metrics.step).toBe(5000)
  })

  test('ends with the end of the run', async () => {
    const show = makeShow('run')
    show.put(shown())
    const server = await openPageServer({ host: '127.0.0.1', port: 0, token, files: files(), show })
    const page = listen(server.port)
    await page.until(2)
    show.end('0', 'failed', 2000, 'boom')
    await server.close()
    await page.until(3)
    expect(page.messages[2]?.runs[0]?.facts).toMatchObject({ state: 'failed', error: 'boom' })
  })
})
