import { padModes } from '../../../../models/layers/padModes.js'
import type { PadMode, Sides } from '../../../../models/layers/windowLayers.js'
import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { doublesOf } from '../graph/tensor.js'
import type { Value } from '../graph/value.js'
import { modeNames } from '../graph/writtenNames.js'
import { type Arranged, axesOf, inOrder, reordered } from '../values/arranged.js'
import { activations, draftOf, once } from '../values/drafts.js'
import { attributeOrInput } from '../values/numbers.js'
import { isBare } from '../windows/windows.js'
import { zerosBeside } from './selections.js'

/** The modes of layers, by ONNX's names. */
const modes = new Map(padModes.map((mode): [string, PadMode] => [modeNames[mode], mode]))

/** `Pad` of an image by a number, or by pixels of the image. */
export const pad = (node: NodeReader): Value => {
  const pads = attributeOrInput(node, 'pads', 1) ?? []
  if (node.optional(3)) node.refuse('padding of all axes', 'padding of some axes')
  const before = draftOf(node.value(0), 'arranged')
  return before ? arrangedPad(node, before, pads) : padded(node, pads)
}

/** @param pads at the beginning of each axis, and at its end: of images, channels, rows and columns */
const padded = (node: NodeReader, pads: readonly number[]): Value => {
  const mode = modes.get(node.text('mode'))
  const [value = Number.NaN] = node.optional(2)
    ? doublesOf(node.constant(2))
    : [node.opset > 10 ? 0 : node.float('value')]
  const [n = 0, c = 0, top = 0, left = 0, n2 = 0, c2 = 0, bottom = 0, right = 0] = pads
  const channelsOnly = pads.every((side, i) => side === 0 || (side > 0 && i % (pads.length / 2) === 1))
  if (
    mode === undefined &&
    value === 0 &&
    channelsOnly &&
    pads.some((side) => side > 0) &&
    (pads.length === 8 || pads.length === 4)
  )
    return zerosBeside(node, c, pads[pads.length / 2 + 1] ?? 0)
  const given = node.activations(0)
  if (given.shape.kind !== 'image' || pads.length !== 8 || n !== 0 || c !== 0 || n2 !== 0 || c2 !== 0)
    node.refuse(
      'padding of the rows and columns of images, or zeros beside channels',
      `pads ${pads.slice(0, 16).join(', ')}`,
    )
  const { source, sides } = croppedBy(node, given, { top, bottom, left, right })
  if (isBare(sides) && !node.isOurs) return activations(source)
  return {
    kind: 'draft',
    draft: 'pad',
    source,
    sides,
    value: mode === undefined ? value : undefined,
    name: node.name,
    settle: once(() => {
      if (mode !== undefined)
        return node.builder.add({ type: 'pad2d', ...sides, mode }, [source], node.originOf('pad2d'))
      if (!Number.isFinite(value)) node.refuse('padding by a finite number', `${value}`)
      return node.builder.add(
        { type: 'pad2d', ...sides, ...(value === 0 ? {} : { value }) },
        [source],
        node.originOf('pad2d'),
      )
    }),
  }
}

/** The same of an image whose axes are in another order. */
const arrangedPad = (node: NodeReader, before: Arranged, pads: readonly number[]): Value => {
  const order = axesOf(node, before)
  const { shape, source } = before
  if (!order || shape.kind !== 'image' || pads.length !== 8)
    return node.refuse('padding of the rows and columns of images', `pads ${pads.slice(0, 16).join(', ')}`)
  const [n = 0, n2 = 0] = [pads[0], pads[4]]
  const along = (axis: number, end: 0 | 4): number => pads[end + 1 + order.indexOf(axis)] ?? 0
  const [c, top, left] = [along(0, 0), along(1, 0), along(2, 0)]
  const [c2, bottom, right] = [along(0, 4), along(1, 4), along(2, 4)]
  const inputs = Array.from({ length: node.count }, (_, i) => (i === 0 ? source : node.optional(i)))
  const result = padded(node.withInputs(inputs), [n, c, top, left, n2, c2, bottom, right])
  const larger = {
    ...shape,
    channels: shape.channels + c + c2,
    height: shape.height + top + bottom,
    width: shape.width + left + right,
  }
  return reordered(node, { source: result, ...inOrder(node, larger) }, order)
}

/** The image without the pixels that sides below 0 take away, and the other sides. */
const croppedBy = (node: NodeReader, source: Activations, sides: Sides) => {
  if (isSides(sides, (side) => side >= 0)) return { source, sides }
  const of = (part: (side: number) => number): Sides => ({
    top: part(sides.top),
    bottom: part(sides.bottom),
    left: part(sides.left),
    right: part(sides.right),
  })
  const taken = of((side) => Math.max(0, -side))
  return {
    source: node.builder.add({ type: 'crop2d', ...taken }, [source], node.originOf('crop2d')),
    sides: of((side) => Math.max(0, side)),
  }
}

const isSides = (sides: Sides, test: (side: number) => boolean): boolean => Object.values(sides).every(test)
