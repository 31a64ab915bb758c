import { declareOptions } from '../../dsl/options/declare.js'
import { list, text } from '../../dsl/options/kinds.js'

/** A layer's place in the graph of a network. */
export interface Placement {
  /** The id by which later layers refer to this one. @default the name, or a generated id if the layer has no name */
  readonly id?: string
  /** Ids of the layers whose outputs it reads. @default the layer before it; the network's input for the first layer */
  readonly inputs?: readonly string[]
}

/** The id of a layer, among its other options. */
export const idField = {
  /** The id by which later layers refer to this one. @default the name, or a generated id if the layer has no name */
  id: text('the id of a layer').optional('the name, or a generated id'),
}

/** Where a layer stands, among its other options. */
export const placementFields = {
  ...idField,
  /** Ids of the layers whose outputs it reads. @default the layer before it; the network's input for the first layer */
  inputs: list(text('the id of a layer')).optional('the layer before it'),
}

/** Where a layer stands: what layers without options of their own take. */
export const placementOptions = declareOptions('layer', placementFields)

/** The id of a layer whose inputs are an argument. */
export const idOptions = declareOptions('layer', idField)
