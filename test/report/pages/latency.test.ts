/** The time of each layer before and after shrinking, as a table and as a chart. */
import { expect, test } from 'vitest'
import type { NetworkLatency } from '../../../src/dsl/figures.js'
import { latencyChart } from '../../../src/report/pages/latencyChart.js'
import { latencyTable } from '../../../src/report/tables/latencyTable.js'

const latency: NetworkLatency = {
  images: 16,
  before: {
    whole: 0.004,
    layers: [
      { layer: 'conv1', seconds: 0.002 },
      { layer: 'fc', seconds: 0.0005 },
    ],
  },
  after: {
    whole: 0.001,
    layers: [
      { layer: 'conv1', seconds: 0.001 },
      { layer: 'added', seconds: 0.0001 },
    ],
  },
}

test('the table compares each layer, and the whole network as it was measured', () => {
  expect(latencyTable(latency)).toEqual({
    header: ['layer', 'ms before (16 images)', 'ms after', 'speed-up'],
    rows: [
      ['conv1', '2.000', '1.000', '2.00×'],
      ['fc', '0.500', '–', '–'],
      ['added', '–', '0.100', '–'],
      ['whole network', '4.000', '1.000', '4.00×'],
    ],
  })
})

test('all bars have one scale', () => {
  const markup = latencyChart(latency).html
  const widths = (kind: string) =>
    [...markup.matchAll(new RegExp(`class="${kind}"(?: y="8")? width="([0-9.]+)"`, 'g'))].map(([, width]) =>
      Number(width),
    )
  expect(widths('rest')).toEqual([220, 55, 0])
  expect(widths('bar')).toEqual([110, 0, 11])
})
