import type { NodeReader } from '../graph/nodeReader.js'
import type { Arrangement } from './arranged.js'
import { activations } from './drafts.js'

/**
 * All channels of some neighbouring pixels, such as of the tokens after a class token, as those of a smaller image.
 *
 * @param given numbers of one image, of which `dims` has the images as its first axis
 * @returns undefined for any other choice of numbers
 */
export const croppedIn = (
  node: NodeReader,
  { source, shape, dims, positions }: Arrangement,
): Arrangement | undefined => {
  const [images, ...others] = dims
  if (shape.kind !== 'image' || images !== 1 || others.length === 0) return undefined
  const { height, width, channels } = shape
  const pixels = height * width
  node.budget.work(4 * positions.length, 'the order of its activations')
  const places = positions.map((position) => position % pixels)
  const [rows, columns] = [
    bounds(places.map((place) => Math.floor(place / width))),
    bounds(places.map((p) => p % width)),
  ]
  const [high, wide] = [rows.end - rows.begin, columns.end - columns.begin]
  if (positions.length !== high * wide * channels || new Set(positions).size !== positions.length) return undefined
  const sides = { top: rows.begin, bottom: height - rows.end, left: columns.begin, right: width - columns.end }
  const output = node.builder.add(
    { type: 'crop2d', ...sides },
    [node.withInputs([source]).activations(0)],
    node.originOf('crop2d'),
  )
  return {
    source: activations(output),
    shape: output.shape,
    dims: others,
    positions: positions.map((position, i) => {
      const [row, column] = [Math.floor((places[i] ?? 0) / width), (places[i] ?? 0) % width]
      return (Math.floor(position / pixels) * high + row - rows.begin) * wide + column - columns.begin
    }),
  }
}

/** The first of some places, and the one after the last. */
const bounds = (places: Float64Array): { readonly begin: number; readonly end: number } => ({
  begin: places.reduce((least, place) => Math.min(least, place), Number.POSITIVE_INFINITY),
  end: places.reduce((most, place) => Math.max(most, place + 1), 0),
})
