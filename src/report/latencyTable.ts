import type { NetworkLatency } from '../dsl/events.js'
import type { Table } from './resultTable.js'

/** A layer's seconds before and after it was made smaller; undefined where it is not there. */
export interface LatencyRow {
  readonly layer: string
  readonly before: number | undefined
  readonly after: number | undefined
}

/** All layers of either network, in order. */
export const latencyRows = ({ before, after }: NetworkLatency): readonly LatencyRow[] => {
  const then = new Map(before.layers.map(({ layer, seconds }) => [layer, seconds]))
  const now = new Map(after.layers.map(({ layer, seconds }) => [layer, seconds]))
  return [...new Set([...then.keys(), ...now.keys()])].map((layer) => ({
    layer,
    before: then.get(layer),
    after: now.get(layer),
  }))
}

/** How long a batch takes, layer by layer and as a whole, before and after the network was made smaller. */
export const latencyTable = (latency: NetworkLatency): Table => ({
  header: ['layer', `ms of ${latency.images} images before`, 'after', 'times faster'],
  rows: [
    ...latencyRows(latency).map(rowOf),
    rowOf({ layer: 'whole network', before: latency.before.whole, after: latency.after.whole }),
  ],
})

const rowOf = ({ layer, before, after }: LatencyRow): readonly string[] => [
  layer,
  milliseconds(before),
  milliseconds(after),
  before === undefined || after === undefined ? '–' : (before / after).toFixed(2),
]

const milliseconds = (seconds: number | undefined): string => (seconds === undefined ? '–' : (1e3 * seconds).toFixed(3))
