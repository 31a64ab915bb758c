import type { NodeShape } from '../../../../models/architecture/shapes.js'
import type { EightBits } from '../../../../models/layers/layer.js'
import type { Sides } from '../../../../models/layers/windowLayers.js'
import type { Activations, NetworkBuilder, Origin } from './networkBuilder.js'
import type { FunctionOf, Numbers } from './numbers.js'
import type { Tensor } from './tensor.js'

/** What a layer needs of the node that it ends at. */
export interface NodePlace {
  readonly builder: NetworkBuilder
  readonly isOurs: boolean
  readonly layerName: (weight: string) => string
  readonly origin: (name: string) => Origin
  readonly refuse: (expected: string, actual: string) => never
}

/** Rows or columns of an image: every `step`-th one from `begin` on, `count` of them. */
export interface Along {
  readonly begin: number
  readonly step: number
  readonly count: number
}

/** The pixels of an image that stay. */
export interface Kept {
  readonly rows: Along
  readonly columns: Along
}

/** Where the images of a file that fixes their number are among the extents of one image's numbers. */
export interface ImagesAxis {
  /** The axis that counts them, perhaps among others. */
  readonly axis: number
  /** How many entries of that axis there are from one image to the next. */
  readonly inner: number
}

/** What the heads of attention read of some activations. */
export interface Heads {
  readonly source: Activations
  /** What the activations are multiplied by. */
  readonly factor: number
  /** Extents before those of tokens and channels. */
  readonly outer: readonly number[]
  /** Where among them the other images are, if the file fixes their number. */
  readonly images: ImagesAxis | undefined
  readonly heads: number
  readonly tokens: number
  /** For each head one after the other, its channels. */
  readonly channels: readonly number[]
}

/** An axis of the scores of attention, of all images that the file fixes. */
export interface ScoreAxis {
  readonly extent: number
  /** What it counts, from the outer to the inner one; `place` is that of a number of heads among several. */
  readonly counts: readonly {
    readonly what: 'heads' | 'rows' | 'columns' | 'images'
    readonly extent: number
    readonly place: number
  }[]
}

/** A grid that numbers are rounded to. */
export interface Grid {
  readonly scale: readonly number[]
  readonly zeroPoint: readonly number[]
  /** The axis with a scale for each entry; undefined for one scale. */
  readonly axis: number | undefined
  readonly integers: EightBits
}

/** Makes a layer that has a scale and a shift of each channel. @param name of the tensor that the scale came from */
export type ScaledLayer = (
  given: { readonly scale: Float64Array; readonly shift: Float64Array; readonly name: string },
  by: NodePlace,
) => Activations

/** The value of a name in a graph. */
export type Value =
  | { readonly kind: 'activations'; readonly activations: Activations }
  | { readonly kind: 'constant'; readonly tensor: Tensor }
  /** Computed from shapes and constants: a shape, a padding, a mean. */
  | ({ readonly kind: 'numbers' } & Numbers)
  | Draft

/** A layer that later nodes may become part of. A node that reads its output ends that: `settle` makes the layer, once. */
export type Draft = { readonly kind: 'draft'; readonly settle: () => Activations } & Drafted

type Drafted =
  /** scale·x + shift with one number of each per channel; `name` is the tensor's that the scale came from. */
  | {
      readonly draft: 'affine'
      readonly source: Activations
      readonly scale: Float64Array
      readonly shift: Float64Array
      readonly name: string
      /** The same with one number for all channels, of what it was computed from; empty if channels differ. */
      readonly functions: readonly FunctionOf[]
      /** Makes the layer before it with this scale and shift as its own; undefined if it has none. */
      readonly into?: ScaledLayer | undefined
    }
  /** A part of a normalisation that an exporter wrote by several operators. */
  | {
      readonly draft: 'moment'
      readonly stage: 'mean' | 'centred' | 'squares' | 'variance' | 'deviation'
      /** What is normalised. */
      readonly of: Value
      /** Of what a mean is: the channels of each pixel, or all numbers of an image. */
      readonly over: 'channels' | 'image'
      /** What was added to the variance. */
      readonly epsilon: number
      /** What the variance was multiplied by. */
      readonly factor: number
      /** The least deviation. */
      readonly least: number
    }
  /** The length of the channels of each pixel, or of the pixels of each channel. */
  | {
      readonly draft: 'length'
      readonly over: 'channels' | 'pixels'
      /** What has this length. */
      readonly of: Value
      /** The least length. */
      readonly least: number
    }
  /** A combination of the features of each pixel's place, one number for each channel and pixel; `name` is the tensor's. */
  | {
      readonly draft: 'places'
      readonly weight: Tensor
      readonly bias: Tensor | undefined
      readonly height: number
      readonly width: number
    }
  /** A matrix product that waits for its bias. */
  | {
      readonly draft: 'linear'
      readonly addBias: (bias: Tensor, by: NodePlace) => Value
      readonly out: number
    }
  /** An element-wise function. `isLayer`: a layer here computes it. */
  | { readonly draft: 'function'; readonly functions: readonly FunctionOf[]; readonly isLayer: () => boolean }
  /** More pixels at the sides of an image, for the layer after it; `name` is that of the node. */
  | {
      readonly draft: 'pad'
      readonly source: Activations
      readonly sides: Sides
      /** The number in the added pixels; undefined if they repeat others. */
      readonly value: number | undefined
      readonly name: string
    }
  /** Activations whose numbers are read in another order or shape than their layer makes them. */
  | {
      readonly draft: 'arranged'
      readonly source: Value
      /** The shape of the source. */
      readonly shape: NodeShape
      /** The extents of one image's numbers. */
      readonly dims: readonly number[]
      /** For each number, row-major, its place in the source, which is channel by channel. */
      readonly positions: Float64Array
      /** The source as one vector for each image, in the source's order. */
      readonly flat: () => Activations
    }
  /**
   * Numbers of the activations of one image in any shape: also some of them, and with the axis of images, of one entry, at
   * any place among the others.
   */
  | {
      readonly draft: 'moved'
      readonly source: Value
      readonly shape: NodeShape
      /** All extents, for one image. */
      readonly dims: readonly number[]
      /** As of `arranged`. */
      readonly positions: Float64Array
      /** Where the other images are, if the file fixes their number. */
      readonly images: ImagesAxis | undefined
    }
  /** Activations as integers, which only a `DequantizeLinear` reads. */
  | {
      readonly draft: 'integers'
      readonly of: Value
      readonly grid: Grid
      /** The activations, rounded: made by the first node that converts the integers, once. */
      readonly rounded: (make: () => Value) => Value
    }
  /** Values in a list. */
  | { readonly draft: 'sequence'; readonly parts: readonly Value[] }
  /**
   * Products of two activations, a row for each token of `query` and a column for each of `key`; or, after a softmax along the
   * rows or the columns, the shares of the values in attention.
   */
  | {
      readonly draft: 'scores'
      readonly query: Heads
      readonly key: Heads
      readonly scale: number
      /** A number for each head, if channels attend to channels. */
      readonly factor?: Tensor | undefined
      readonly across: 'tokens' | 'channels'
      readonly axes: readonly ScoreAxis[]
      /** Along what of the product the shares sum to 1; undefined before the softmax. */
      readonly over?: 'rows' | 'columns' | undefined
    }
  /** Some channels, of some rows and columns or of all; −1 for channels of zeros. `name` is that of the node. */
  | {
      readonly draft: 'selection'
      readonly source: Activations
      readonly channels: readonly number[]
      readonly kept: Kept | undefined
      readonly name: string
    }
  /** A number for each channel, repeated for all pixels of an image: only a product reads it. */
  | { readonly draft: 'spread'; readonly of: Value }
  /** A linear layer with its bias, which a factor after it may become part of. */
  | { readonly draft: 'dense'; readonly scaled: (factor: number, by: NodePlace) => Activations; readonly out: number }
  /** A softmax of logits, which must be the network's output. */
  | { readonly draft: 'probabilities'; readonly source: Activations; readonly operator: string }
