import type { ResizeMode } from '../../../../models/layers/resizing.js'
import type { NodeReader } from '../graph/nodeReader.js'
import { shapeText } from '../graph/tensor.js'
import type { Value } from '../graph/value.js'
import { activations } from '../values/drafts.js'
import { knownIn, numbersIn } from '../values/numbers.js'
import { imageOf } from './windows.js'

/** `Resize` of the rows and columns of an image. */
export const resize = (node: NodeReader): Value => {
  const input = node.activations(0)
  const { height, width, channels } = imageOf(node, input)
  const given = node.opset < 11 ? scaled(node, 1, [channels, height, width]) : sizesIn(node, [channels, height, width])
  const [own = 0, rows = 0, columns = 0] = given
  if (own !== channels || !(rows >= 1 && columns >= 1))
    node.refuse('another size of the rows and columns of images', shapeText(given))
  const isWhole = rows % height === 0 && columns % width === 0
  const areOne = (rows === 1 && height > 1) || (columns === 1 && width > 1)
  const mode = modeOf(node, isWhole, areOne)
  if (rows === height && columns === width && !node.isOurs) return node.value(0)
  return activations(
    node.builder.add({ type: 'resize2d', height: rows, width: columns, mode }, [input], node.originOf('resize2d')),
  )
}

/** Channels, rows and columns that a node asks for. */
const sizesIn = (node: NodeReader, own: readonly number[]): readonly number[] => {
  const axes = node.integers('axes')
  if (axes && axes.map((axis) => (axis + 4) % 4).join() !== '2,3')
    node.refuse('rows and columns as axes (2, 3)', shapeText(axes.slice(0, 16)))
  if (!node.optional(3)) return scaled(node, 2, own)
  const sizes = numbersIn(node, 3).values.map(Number)
  return axes ? [own[0] ?? 0, ...sizes] : sizes.slice(1)
}

/** The size by factors, which have to give whole numbers of pixels. */
const scaled = (node: NodeReader, index: number, own: readonly number[]): readonly number[] => {
  const factors = knownIn(node, index).slice(node.integers('axes') ? 0 : 1)
  return own.map((extent, i) => {
    const factor = factors[i - (own.length - factors.length)] ?? 1
    const exact = extent * factor
    return Math.abs(exact - Math.round(exact)) <= 1e-4
      ? Math.round(exact)
      : node.refuse('a factor that gives whole numbers of pixels', `${factor} times ${extent}`)
  })
}

/** @param isWhole whether each pixel becomes a whole number of them. @param areOne whether an axis becomes one pixel */
const modeOf = (node: NodeReader, isWhole: boolean, areOne: boolean): ResizeMode => {
  const mode = node.text('mode')
  const places = node.opset < 11 ? 'asymmetric' : node.text('coordinate_transformation_mode')
  const nearest = node.opset < 11 ? 'floor' : node.text('nearest_mode')
  if (mode === 'linear' && places === 'align_corners') return 'bilinearCorners'
  if (mode === 'linear' && (places === 'half_pixel' || (places === 'pytorch_half_pixel' && !areOne))) return 'bilinear'
  if (mode === 'nearest' && places === 'asymmetric' && nearest === 'floor') return 'nearest'
  // Of a whole number of copies, all these ways take the same pixels.
  if (mode === 'nearest' && isWhole && HALVES.includes(places) && nearest.startsWith('round_prefer')) return 'nearest'
  return node.refuse(
    'the nearest pixel (asymmetric, floor), or linear by half_pixel or align_corners',
    `mode ${mode}, ${places}${mode === 'nearest' ? `, ${nearest}` : ''}`,
  )
}

const HALVES: readonly string[] = ['half_pixel', 'pytorch_half_pixel']
