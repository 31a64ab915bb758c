import { extentOf } from '../../../../dsl/kit/extent.js'
import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import type { Steps, Value } from '../graph/value.js'
import { activations, once } from './drafts.js'

/** Some channels of activations, and of their rows and columns every so many. */
export interface Selected {
  readonly source: Activations
  readonly channels: readonly number[]
  readonly steps: Steps
}

/** What a selection needs of a node. */
type Selector = Pick<NodeReader, 'builder' | 'budget' | 'refuse' | 'originOf'> &
  Partial<Pick<NodeReader, 'name' | 'isOurs'>>

/** All rows and columns. */
export const ALL: Steps = { rows: 1, columns: 1 }

/** Number of channels, or of the numbers of a vector. */
export const channelsIn = ({ shape }: Activations): number => (shape.kind === 'image' ? shape.channels : shape.features)

/** What a channel takes in the lists that a selection is made by, and in the description of a network. */
export const BYTES = 64

/** What a channel costs, in steps of the budget. */
const STEPS = 4

/** A selection as a value. */
export const selection = (node: Selector, { source, channels, steps }: Selected): Value => {
  node.budget.allocate(BYTES * channels.length, 'the order of its channels')
  node.budget.work(STEPS * channels.length, 'the order of its channels')
  const isAll = channels.length === channelsIn(source) && channels.every((channel, c) => channel === c)
  if (isAll && steps.rows === 1 && steps.columns === 1 && !node.isOurs) return activations(source)
  const settle = once(() => {
    const seen = steps.rows === 1 && steps.columns === 1 ? source : subsampled(node, source, steps)
    if (isAll && !node.isOurs) return seen
    return node.builder.add({ type: 'selectChannels', channels }, [seen], node.originOf('selectChannels'))
  })
  return { kind: 'draft', draft: 'selection', source, channels, steps, name: node.name ?? '', settle }
}

/** Every so many rows and columns, as a pooling with windows of one pixel. */
const subsampled = (node: Selector, source: Activations, { rows, columns }: Steps): Activations => {
  const stride = extentOf([rows, columns])
  return node.builder.add({ type: 'maxPool2d', kernel: 1, stride }, [source], node.originOf('maxPool2d'))
}
