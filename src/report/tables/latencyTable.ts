import type { NetworkLatency } from '../../dsl/figures.js'
import type { Table } from './resultTable.js'

/** A layer's seconds before and after shrinking; undefined in a network without that layer. */
export interface LatencyRow {
  readonly layer: string
  readonly before: number | undefined
  readonly after: number | undefined
}

/** The layers of both networks, in order. */
export const latencyRows = ({ before, after }: NetworkLatency): readonly LatencyRow[] => {
  const then = new Map(before.layers.map(({ layer, seconds }) => [layer, seconds]))
  const now = new Map(after.layers.map(({ layer, seconds }) => [layer, seconds]))
  return [...new Set([...then.keys(), ...now.keys()])].map((layer) => ({
    layer,
    before: then.get(layer),
    after: now.get(layer),
  }))
}

/** The time of a batch, by layer and in total, before and after shrinking. */
export const latencyTable = (latency: NetworkLatency): Table => ({
  header: ['layer', `ms before (${latency.images} images)`, 'ms after', 'speed-up'],
  rows: [
    ...latencyRows(latency).map(rowOf),
    rowOf({ layer: 'whole network', before: latency.before.whole, after: latency.after.whole }),
  ],
})

const rowOf = ({ layer, before, after }: LatencyRow): readonly string[] => [
  layer,
  milliseconds(before),
  milliseconds(after),
  before === undefined || after === undefined ? '–' : `${(before / after).toFixed(2)}×`,
]

const milliseconds = (seconds: number | undefined): string => (seconds === undefined ? '–' : (1e3 * seconds).toFixed(3))
