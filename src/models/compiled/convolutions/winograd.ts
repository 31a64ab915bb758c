import { isEach } from '../../../dsl/kit/extent.js'
import type { GraphBuilder } from '../../../engine/graph/graphBuilder.js'
import type { Value } from '../../../engine/graph/graphNodes.js'
import type { GraphNode } from '../../architecture/architecture.js'
import type { Conv2dLayer } from '../../layers/windowLayers.js'

/**
 * A 3 × 3 convolution without stride, on zero-padded images, by Winograd's F(2×2, 3×3): tiles of 4 × 4 pixels overlap
 * by two and give 2 × 2 outputs each,
 *
 *     Y = Aᵀ[(G·g·Gᵀ) ∘ (Bᵀ·d·B)]A      for one tile d, one filter g, summed over the input's channels
 *
 * so that 16 multiplications replace 36. The sums over channels are 16 matrix products, one for each position in a
 * tile. All tiles of an image together are one linear map of its h·w pixels, zero padding included. Its cost grows with
 * (h·w)², which is negligible for the small images of a network's last stage. TensorFlow's direct kernel, which works
 * along the rows of an image, is slowest there.
 *
 * Source: Lavin, Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, sec. 4.1.
 */
export class Winograd {
  readonly #graph: GraphBuilder
  readonly #height: number
  readonly #width: number
  readonly #channels: number
  readonly #out: number
  readonly #filter: Value

  private constructor(graph: GraphBuilder, { height, width, channels, out }: Sizes, filter: Value) {
    this.#graph = graph
    this.#height = height
    this.#width = width
    this.#channels = channels
    this.#out = out
    this.#filter = filter
  }

  /** Returns undefined if the direct kernel is faster, or the convolution is of another kind. */
  static of(graph: GraphBuilder, layer: Conv2dLayer, { inputShapes: [shape] }: GraphNode, filter: Value) {
    const { kernel, stride, padding, dilation = 1 } = layer
    const plain = isEach(kernel, 3) && isEach(stride, 1) && isEach(padding, 1) && isEach(dilation, 1)
    if (!plain || shape?.kind !== 'image' || !pays(shape, layer.out)) return undefined
    return new Winograd(graph, { ...shape, out: layer.out }, filter)
  }

  /** The convolution of x, n × h × w × channels: n × h × w × out. */
  forward(x: Value): Value {
    const products = this.#graph.product(this.#tiles(x), this.#transformedFilter())
    return this.#toImages(this.#graph.product(this.#outputMap(), this.#flat(products)), this.#out)
  }

  /** ∂L/∂x, n × h × w × channels. */
  inputGradient(dz: Value): Value {
    const ofTiles = this.#graph.product(this.#productGradient(dz), this.#transformedFilter(), 'second')
    return this.#toImages(this.#graph.product(this.#inputMap(), this.#flat(ofTiles), 'first'), this.#channels)
  }

  /** ∂L/∂filter, 3 × 3 × channels × out. */
  filterGradient(x: Value, dz: Value): Value {
    const graph = this.#graph
    const ofFilter = graph.product(this.#tiles(x), this.#productGradient(dz), 'first')
    const flat = graph.product(filterMap(graph), graph.reshape(ofFilter, [POSITIONS, -1]), 'first')
    return graph.reshape(flat, [3, 3, this.#channels, this.#out])
  }

  /** Bᵀ·d·B of each tile: 16 × tiles × channels. */
  #tiles(x: Value): Value {
    const mapped = this.#graph.product(this.#inputMap(), this.#fromImages(x, this.#channels))
    return this.#graph.reshape(mapped, [POSITIONS, -1, this.#channels])
  }

  /** A·dY·Aᵀ of each tile: 16 × tiles × out. */
  #productGradient(dz: Value): Value {
    const mapped = this.#graph.product(this.#outputMap(), this.#fromImages(dz, this.#out), 'first')
    return this.#graph.reshape(mapped, [POSITIONS, -1, this.#out])
  }

  /** G·g·Gᵀ: 16 × channels × out. */
  #transformedFilter(): Value {
    const graph = this.#graph
    const mapped = graph.product(filterMap(graph), graph.reshape(this.#filter, [9, -1]))
    return graph.reshape(mapped, [POSITIONS, this.#channels, this.#out])
  }

  /** n × h × w × c to hw × nc: one row per pixel. */
  #fromImages(x: Value, channels: number): Value {
    const pixels = this.#height * this.#width
    const rows = this.#graph.transpose(this.#graph.reshape(x, [-1, pixels, channels]), [1, 0, 2])
    return this.#graph.reshape(rows, [pixels, -1])
  }

  /** The inverse of `#fromImages`. */
  #toImages(rows: Value, channels: number): Value {
    const pixels = this.#graph.reshape(rows, [this.#height * this.#width, -1, channels])
    const images = this.#graph.transpose(pixels, [1, 0, 2])
    return this.#graph.reshape(images, [-1, this.#height, this.#width, channels])
  }

  /** 16 × (tiles of an image · n) × c to one row per position and tile. */
  #flat(x: Value): Value {
    return this.#graph.reshape(x, [POSITIONS * (this.#height / 2) * (this.#width / 2), -1])
  }

  #inputMap(): Value {
    return this.#graph.matrix(imageMap(this.#height, this.#width, inputTransform, -1))
  }

  /** Transposed: one row per pixel. */
  #outputMap(): Value {
    return this.#graph.matrix(transposed(imageMap(this.#height, this.#width, outputTransform, 0)))
  }
}

interface Sizes {
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly out: number
}

type Matrix = readonly (readonly number[])[]

/** Pixels in a tile. */
const POSITIONS = 16

/** With more pixels the map of whole images costs more than it saves; with fewer channels it saves too little. */
const MOST_PIXELS = 16
const FEWEST_CHANNELS = 256

const pays = ({ height, width, channels }: Omit<Sizes, 'out'>, out: number): boolean =>
  height % 2 === 0 && width % 2 === 0 && height * width <= MOST_PIXELS && Math.min(channels, out) >= FEWEST_CHANNELS

/** Bᵀ: four inputs to four factors. */
const inputTransform: Matrix = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, 1, 0, -1],
]

/** A: two outputs to the four products that they sum. */
const outputTransform: Matrix = [
  [1, 0],
  [1, 1],
  [1, -1],
  [0, -1],
]

/** G: three taps to four factors. */
const filterTransform: Matrix = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
]

/** From the 9 taps, row after row, to the 16 positions. */
const filterMap = (graph: GraphBuilder): Value =>
  graph.matrix(
    filterTransform.flatMap((down) => filterTransform.map((across) => down.flatMap((a) => across.map((b) => a * b)))),
  )

/**
 * A transform of both sides of all tiles, as one matrix: one row per position and tile, one column per pixel.
 *
 * @param begin index of the first tile's first pixel, from the image's edge
 */
const imageMap = (height: number, width: number, transform: Matrix, begin: number): Matrix => {
  const along = (size: number): Matrix =>
    transform.flatMap((taps) =>
      Array.from({ length: size / 2 }, (_, tile) =>
        Array.from({ length: size }, (_, pixel) => taps[pixel - 2 * tile - begin] ?? 0),
      ),
    )
  const [down, across] = [along(height), along(width)]
  const [tilesDown, tilesAcross] = [height / 2, width / 2]
  return transform.flatMap((_, a) =>
    transform.flatMap((_, b) =>
      Array.from({ length: tilesDown * tilesAcross }, (_, tile) => {
        const row = down[a * tilesDown + Math.floor(tile / tilesAcross)] ?? []
        const column = across[b * tilesAcross + (tile % tilesAcross)] ?? []
        return row.flatMap((y) => column.map((x) => y * x))
      }),
    ),
  )
}

const transposed = (matrix: Matrix): Matrix => (matrix[0] ?? []).map((_, i) => matrix.map((row) => row[i] ?? 0))
