import { describe, expect, test } from 'vitest'
import { html } from '../../../src/report/html/html.js'
import { comparisonReport } from '../../../src/report/pages/comparisonReport.js'
import { runReport } from '../../../src/report/pages/runReport.js'
import { quoteOf } from '../../../src/report/tables/quote.js'
import { events, layers, plan, recordOf, summary } from '../records.js'

const finished = (steps = 100) => {
  const record = recordOf(steps)
  record.figures.end('done')
  return record
}

describe('html', () => {
  test('escapes inserted text, but not HTML', () => {
    const name = `<i onclick="x">'&`
    expect(html`<p title="${name}">${[name, html`<b>${1}</b>`, undefined]}</p>`.html).toBe(
      '<p title="&lt;i onclick=&quot;x&quot;&gt;&#39;&amp;">&lt;i onclick=&quot;x&quot;&gt;&#39;&amp;<b>1</b></p>',
    )
  })

  test.each([
    ['{"html":"<script>"}', '{&quot;html&quot;:&quot;&lt;script&gt;&quot;}'],
    ['{"html":{"html":"<script>"}}', '{&quot;html&quot;:{&quot;html&quot;:&quot;&lt;script&gt;&quot;}}'],
    ['[{"html":"<script>"},"<b>"]', '{&quot;html&quot;:&quot;&lt;script&gt;&quot;}&lt;b&gt;'],
    ['{"__proto__":{"html":"<script>"}}', '{&quot;__proto__&quot;:{&quot;html&quot;:&quot;&lt;script&gt;&quot;}}'],
    ['null', 'null'],
    ['true', 'true'],
  ])('takes %s from a file for text, whatever its type says', (json, text) => {
    const value: string = JSON.parse(json)
    expect(html`<p title="${value}">${value}</p>`.html).toBe(`<p title="${text}">${text}</p>`)
  })

  test('a layer whose name is an object of markup is text in a report', () => {
    const [layer] = layers
    const name: string = JSON.parse('{"html":"<meta http-equiv=refresh>"}')
    const record = recordOf(1)
    record.figures.event({
      at: 1,
      step: 1,
      event: { type: 'weights', phase: 'admm', epoch: 1, layers: layer ? [{ ...layer, name }] : [] },
    })
    const page = runReport(record)
    expect(page).toContain('&lt;meta http-equiv=refresh&gt;')
    expect(page).not.toContain('<meta http-equiv=refresh')
  })
})

describe('what to quote', () => {
  test('has the strongest attack with its settings, the data, the number of images, sparsity, and the figures before', () => {
    expect(quoteOf(finished())).toBe(
      'pruned <b> on MNIST, 1,000 test images (autoattack: epsilon 0.3 · norm Linf · version standard): ' +
        'clean 98.0 %, autoattack 85.0 %, 75.0 % of the prunable weights are zero; before: clean 99.0 %, autoattack 90.0 %. ' +
        'Seed 7, engine tensorflow, pwoa 9.9.9, plan 0123456789ab.',
    )
  })

  test('names attacks without a gradient, and so does the table of attacks', () => {
    const details = { pgd: { stages: { pgd: 1 }, seconds: 1, withoutGradient: { pgd: 0.98 } } }
    const after = { clean: 1, attacks: { pgd: 1 }, examples: 100, details }
    const record = { ...finished(), summary: { ...summary, after } }
    expect(quoteOf(record)).toContain('; no gradient on up to 98.0 % of the examples: pgd')
    expect(runReport(record)).toContain('100.0 % (no gradient on 98.0 % of its examples)')
  })

  test('has all engines of a run that was resumed on another one', () => {
    const resumed = { ...summary, otherEngines: ['wasm'] }
    expect(quoteOf({ ...finished(), summary: resumed })).toContain('Seed 7, engine wasm and tensorflow, pwoa')
  })

  test('labels recompressed images', () => {
    const data = { name: 'CIFAR-10 (JPEG)', origin: 'recompressed' }
    expect(quoteOf({ ...finished(), summary: { ...summary, data } })).toContain('CIFAR-10 (JPEG) (recompressed)')
  })

  test('is undefined for a run that is not finished', () => {
    expect(quoteOf({ ...finished(), summary: undefined })).toBeUndefined()
  })
})

describe('report', () => {
  test('is self-contained: no scripts, nothing that a browser would fetch, no HTML of the user', () => {
    const page = runReport({ ...finished(), pictures: new Map([['attacks.svg', '<svg><desc>a &lt; b</desc></svg>']]) })
    expect(page).not.toMatch(/<script|<b>|<link|@import|url\(/)
    expect([...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, target = '']) => target.slice(0, 10))).toEqual([
      'data:image',
    ])
    expect(page).toContain('alt="a &lt; b"')
  })

  test('contains no folder of the machine', () => {
    const page = runReport(finished())
    expect(page).toContain('teacher.pth')
    expect(page).not.toContain('somebody')
  })

  test('shows figures, curves, sparsity by layer, plan, environment and warnings', () => {
    const page = runReport(finished())
    for (const text of ['85.0 %', '90.0 % before', 'conv1', 'distillation', 'A &amp; B', '60,000 training', 'rate 4'])
      expect(page).toContain(text)
    expect(page).toContain('a &lt;script&gt;alert(1)&lt;/script&gt; warning')
    expect(page.match(/class="curve s\d" d="M[^"]{200,}"/g)?.length).toBeGreaterThanOrEqual(4)
  })

  test('of an interrupted run shows what is known so far', () => {
    const record = recordOf(10, { summary: undefined })
    record.figures.end('stopped')
    const page = runReport(record)
    expect(page).toContain('not finished')
    expect(page).toContain('99.0 %')
    expect(page).not.toContain('What to quote')
  })

  test('of a long run is small enough to mail', () => {
    const record = finished(150_000)
    for (const [at, event] of Array.from({ length: 3000 }, (_, i) => events[i % events.length]).entries())
      if (event) record.figures.event({ at, step: at, event })
    expect(runReport(record).length).toBeLessThan(500_000)
  })

  test('of several runs has a table and a link to each', () => {
    const rows = [
      { label: '4×', folder: '1-4×', record: finished() },
      { label: '8×', folder: '2-8×', record: undefined },
    ]
    const page = comparisonReport({ name: 'rates', params: {}, rows })
    expect(page).toContain('href="1-4%C3%97/report.html"')
    expect(page).toContain('8×, not finished')
    expect(page).toContain(plan.pipeline.replace('<', '&lt;').replace('>', '&gt;'))
  })
})
