import { extentOf } from '../../../../dsl/kit/extent.js'
import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import type { Along, Kept, Value } from '../graph/value.js'
import { activations, once } from './drafts.js'

/** Some channels of activations, of some of their rows and columns. */
export interface Selected {
  readonly source: Activations
  readonly channels: readonly number[]
  /** @default all rows and columns */
  readonly kept?: Kept | undefined
}

/** What a selection needs of a node. */
type Selector = Pick<NodeReader, 'builder' | 'budget' | 'refuse' | 'originOf'> &
  Partial<Pick<NodeReader, 'name' | 'isOurs'>>

/** Number of channels, or of the numbers of a vector. */
export const channelsIn = ({ shape }: Activations): number => (shape.kind === 'image' ? shape.channels : shape.features)

/** What a channel takes in the lists that a selection is made by, and in the description of a network. */
export const BYTES = 64

/** What a channel costs, in steps of the budget. */
const STEPS = 4

/** A selection as a value. In our own files each is a layer. */
export const selection = (node: Selector, { source, channels, kept }: Selected): Value => {
  node.budget.allocate(BYTES * channels.length, 'the order of its channels')
  node.budget.work(STEPS * channels.length, 'the order of its channels')
  const isAll = channels.length === channelsIn(source) && channels.every((channel, c) => channel === c)
  if (isAll && !kept && !node.isOurs) return activations(source)
  const settle = once(() => {
    const seen = kept ? subsampled(node, cropped(node, source, kept), kept) : source
    if (isAll && (kept || !node.isOurs)) return seen
    return node.builder.add({ type: 'selectChannels', channels }, [seen], node.originOf('selectChannels'))
  })
  return { kind: 'draft', draft: 'selection', source, channels, kept, name: node.name ?? '', settle }
}

/** The rows and columns before the first one that stays taken away, and those after the last one. */
const cropped = (node: Selector, source: Activations, { rows, columns }: Kept): Activations => {
  const { shape } = source
  if (shape.kind !== 'image') return node.refuse('an image', `a vector of ${shape.features}`)
  const sides = {
    top: rows.begin,
    bottom: afterLast(rows, shape.height),
    left: columns.begin,
    right: afterLast(columns, shape.width),
  }
  const isBare = Object.values(sides).every((side) => side === 0)
  return isBare && !node.isOurs
    ? source
    : node.builder.add({ type: 'crop2d', ...sides }, [source], node.originOf('crop2d'))
}

/** Of the pixels after the last one that stays, how many have to go so that none of them stays. */
const afterLast = ({ begin, step, count }: Along, extent: number): number =>
  Math.ceil((extent - begin) / step) === count ? 0 : extent - begin - (count - 1) * step - 1

/** Every so many rows and columns, as a pooling with windows of one pixel. */
const subsampled = (node: Selector, source: Activations, { rows, columns }: Kept): Activations => {
  if (rows.step === 1 && columns.step === 1) return source
  const stride = extentOf([rows.step, columns.step])
  return node.builder.add({ type: 'maxPool2d', kernel: 1, stride }, [source], node.originOf('maxPool2d'))
}
