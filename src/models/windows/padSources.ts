import type { NodeShape } from '../architecture/shapes.js'
import type { Pad2dLayer, PadMode } from '../layers/windowLayers.js'

/** For each row and each column of a padded image, the row and the column of the image that it repeats. */
interface PadSources {
  readonly rows: readonly number[]
  readonly columns: readonly number[]
}

/** The pixel at a place beside an image of `size` pixels. */
const sourceAt: Readonly<Record<PadMode, (place: number, size: number) => number>> = {
  reflect: (place, size) => size - 1 - Math.abs(size - 1 - Math.abs(place)),
  replicate: (place, size) => Math.min(Math.max(place, 0), size - 1),
  circular: (place, size) => (place + size) % size,
}

/**
 * What a layer repeats of its input; undefined if it adds one number.
 *
 * @throws Error if the input is not an image, which is a defect of this package
 */
export const padSources = (layer: Pad2dLayer, shape: NodeShape | undefined): PadSources | undefined => {
  const { mode, top, bottom, left, right } = layer
  if (mode === undefined) return undefined
  if (shape?.kind !== 'image') throw new Error('a pad2d has no image')
  const along = (size: number, before: number, after: number): readonly number[] =>
    Array.from({ length: before + size + after }, (_, i) => sourceAt[mode](i - before, size))
  return { rows: along(shape.height, top, bottom), columns: along(shape.width, left, right) }
}
