import type { LayerSize, NetworkSizes } from '../../dsl/figures.js'
import { formatCount } from './format.js'
import type { Table } from './resultTable.js'

/** Sizes of the layers before and after shrinking, and of the whole network. */
export const sizeTable = ({ before, after }: NetworkSizes): Table => ({
  header: [
    'layer',
    'parameters before',
    'parameters after',
    'non-zero after',
    'MFLOPs before',
    'MFLOPs after',
    'kB before',
    'kB before, sparse',
    'kB after',
    'kB after, sparse',
  ],
  rows: [
    ...before.map((layer) => {
      const smaller = after.find((other) => other.layer === layer.layer)
      return rowOf(layer.layer, [layer], smaller ? [smaller] : [])
    }),
    rowOf('all', before, after),
  ],
})

const rowOf = (label: string, before: readonly LayerSize[], after: readonly LayerSize[]): readonly string[] => {
  const sum = (layers: readonly LayerSize[], figure: (layer: LayerSize) => number): number =>
    layers.reduce((total, layer) => total + figure(layer), 0)
  const count = (layers: readonly LayerSize[]): string => formatCount(sum(layers, ({ parameters }) => parameters))
  const mega = (layers: readonly LayerSize[]): string => (sum(layers, ({ flops }) => flops) / 1e6).toFixed(2)
  const dense = (layers: readonly LayerSize[]): string => (sum(layers, ({ bytes }) => bytes) / 1e3).toFixed(1)
  const sparse = (layers: readonly LayerSize[]): string =>
    (sum(layers, ({ sparseBytes }) => sparseBytes) / 1e3).toFixed(1)
  return [
    label,
    count(before),
    count(after),
    formatCount(sum(after, ({ nonZero }) => nonZero)),
    mega(before),
    mega(after),
    dense(before),
    sparse(before),
    dense(after),
    sparse(after),
  ]
}
