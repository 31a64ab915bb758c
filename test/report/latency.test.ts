/** The time of each layer before and after it was made smaller: as a table and as a picture. */
import { expect, test } from 'vitest'
import type { NetworkLatency } from '../../src/dsl/events.js'
import { latencyChart } from '../../src/report/latencyChart.js'
import { latencyTable } from '../../src/report/latencyTable.js'

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

test('layers stand side by side, the whole network last, as it was measured', () => {
  expect(latencyTable(latency)).toEqual({
    header: ['layer', 'ms of 16 images before', 'after', 'times faster'],
    rows: [
      ['conv1', '2.000', '1.000', '2.00'],
      ['fc', '0.500', '–', '–'],
      ['added', '–', '0.100', '–'],
      ['whole network', '4.000', '1.000', '4.00'],
    ],
  })
})

test('bars are on one scale', () => {
  const markup = latencyChart(latency).html
  const widths = (kind: string) =>
    [...markup.matchAll(new RegExp(`class="${kind}"(?: y="8")? width="([0-9.]+)"`, 'g'))].map(([, width]) =>
      Number(width),
    )
  expect(widths('rest')).toEqual([220, 55, 0])
  expect(widths('bar')).toEqual([110, 0, 11])
})
