import { given as kept } from '../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { choice, whole } from '../../dsl/options/kinds.js'
import { type Placement, placementFields } from './placement.js'

/** How a resized image has its pixels: see `resize2d`. */
export type ResizeMode = 'nearest' | 'bilinear' | 'bilinearCorners'

/** An image of another size; see `resize2d`. */
export interface Resize2dLayer extends Placement {
  readonly type: 'resize2d'
  /** Rows, ≥ 1. */
  readonly height: number
  /** Columns, ≥ 1. */
  readonly width: number
  readonly mode: ResizeMode
}

/** The modes by their names. */
export const resizeModes: readonly ResizeMode[] = ['nearest', 'bilinear', 'bilinearCorners']

const extent = whole(1, { unit: 'pixels' })

/** What {@link resize2d} takes. */
export const resize2dOptions = declareOptions('resize2d', {
  ...placementFields,
  /** Rows, ≥ 1. */
  height: extent,
  /** Columns, ≥ 1. */
  width: extent,
  /** `nearest`, `bilinear`, or `bilinearCorners`, which keeps the pixels at the corners (`align_corners`). @default 'nearest' */
  mode: choice(['nearest', 'bilinear', 'bilinearCorners']).default('nearest'),
})

/** Options of {@link resize2d}. */
export interface Resize2dOptions extends OptionsOf<typeof resize2dOptions> {}

/**
 * An image of another size, as `torch.nn.functional.interpolate(x, size)` with mode `nearest` or `bilinear`, without
 * antialiasing. In use and in training it is the same.
 *
 * @example
 * const larger = resize2d({ height: 64, width: 64, mode: 'bilinear' })
 */
export const resize2d = (options: Resize2dOptions): Resize2dLayer => {
  const { height, width, mode, ...placement } = resize2dOptions.read(options)
  return { type: 'resize2d', ...kept(placement), height, width, mode }
}
