import type { ImageShape } from '../../../../dsl/dataset.js'
import { extentOf, pairOf } from '../../../../dsl/kit/extent.js'
import { type AxisWindows, axesOf, poolWindows, windowsAlong } from '../../../../models/architecture/windowsAlong.js'
import type { PoolWindows, Sides } from '../../../../models/layers/windowLayers.js'
import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import type { Value } from '../graph/value.js'
import { paddedName } from '../graph/writtenNames.js'
import { activations, draftOf } from '../values/drafts.js'
import { imageOf, noSides, paddingOf, padOrigin, pairIn, sidesOf, sidesText } from './windows.js'

/** `MaxPool`, with the −∞ of a `Pad` before it. */
export const maxPool = (node: NodeReader): Value => {
  const before = padBefore(node, (value) => value <= LEAST)
  const input = before?.source ?? node.activations(0)
  const windows = windowsFor(node, imageOf(node, input), before?.sides ?? ownSides(node, input))
  return activations(node.builder.add({ type: 'maxPool2d', ...windows }, [input], node.originOf('maxPool2d')))
}

/** Numbers that no activation is less than. */
const LEAST = -3.4e38

/** `AveragePool`, with the zeros of a `Pad` before it. Zeros that count and differ between opposite sides are a layer of their own. */
export const averagePool = (node: NodeReader): Value => {
  const before = padBefore(node, (value) => value === 0)
  const counts = before !== undefined || node.integer('count_include_pad') === 1
  const input = before?.source ?? node.activations(0)
  const sides = before?.sides ?? ownSides(node, input)
  const apart = counts && paddingOf(sides) === undefined
  const seen = apart ? node.builder.add({ type: 'pad2d', ...sides }, [input], padOrigin(node)) : input
  const windows = windowsFor(node, imageOf(node, seen), apart ? noSides : sides)
  const mean = counts || windows.padding === undefined ? {} : { countIncludePad: false }
  return activations(node.builder.add({ type: 'avgPool2d', ...windows, ...mean }, [seen], node.originOf('avgPool2d')))
}

/** What a `Pad` adds for a pooling layer alone: by at most half its kernel, on opposite sides alike. */
const padBefore = (
  node: NodeReader,
  adds: (value: number) => boolean,
): { readonly source: Activations; readonly sides: Sides } | undefined => {
  const pad = draftOf(node.value(0), 'pad')
  const padding = pad && paddingOf(pad.sides)
  const ownZero = node.text('auto_pad') === 'NOTSET' && (node.integers('pads') ?? []).every((side) => side === 0)
  // In our own files zeros are a layer, except those that a pooling layer is written with.
  const isPart = !node.isOurs || pad?.name === paddedName(node.name)
  if (!pad || padding === undefined || pad.value === undefined || !adds(pad.value) || !ownZero || !isPart)
    return undefined
  const { height, width } = imageOf(node, pad.source)
  const [down, across] = axesOf({ ...windowsOf(node), padding })
  const fits = (size: number, along: AxisWindows): boolean => {
    const outside = windowsAlong(size + 2 * along.padding, { ...along, padding: 0 })
    return windowsAlong(size, along).count === outside.count && 2 * along.padding <= along.kernel
  }
  return fits(height, down) && fits(width, across) ? { source: pad.source, sides: pad.sides } : undefined
}

const ownSides = (node: NodeReader, input: Activations): Sides => {
  const { kernel, stride } = windowsOf(node)
  return sidesOf(node, imageOf(node, input), pairOf(kernel), pairOf(stride))
}

/** The windows of a node, without their padding. */
const windowsOf = (node: NodeReader): PoolWindows => {
  const [height, width] = node.integers('kernel_shape') ?? []
  if (height === undefined || width === undefined) return node.refuse('an attribute "kernel_shape"', 'none')
  return {
    kernel: extentOf([height, width]),
    stride: extentOf(pairIn(node, 'strides')),
    ceilMode: node.integer('ceil_mode') !== 0,
  }
}

/**
 * The windows of a layer that pads opposite sides alike: pixels at the bottom and on the right, which no mean is over,
 * only give room to more windows.
 */
const windowsFor = (node: NodeReader, { height, width }: ImageShape, sides: Sides): PoolWindows => {
  const own = windowsOf(node)
  const { top, bottom, left, right } = sides
  const count = (size: number, before: number, after: number, { kernel, stride, ceilMode }: AxisWindows): number => {
    const steps = (size + before + after - kernel) / stride
    const most = (ceilMode ? Math.ceil(steps) : Math.floor(steps)) + 1
    return ceilMode && (most - 1) * stride >= size + before ? most - 1 : most
  }
  const [down, across] = axesOf(own)
  const wanted = [count(height, top, bottom, down), count(width, left, right, across)]
  const { kernel, stride } = own
  const least = { kernel, stride, ...(top === 0 && left === 0 ? {} : { padding: extentOf([top, left]) }) }
  const found = [least, { ...least, ceilMode: true }].find((each) =>
    poolWindows({ height, width }, each).every(({ count: found }, axis) => found === wanted[axis]),
  )
  return (
    found ?? node.refuse('as much padding at the end of an axis as at its beginning, or a pixel less', sidesText(sides))
  )
}
