import { choice } from '../../../dsl/options/kinds.js'
import { gelu, leakyRelu, mish, silu } from '../../layers/activations.js'
import type { Layer } from '../../layers/layer.js'
import { relu } from '../../layers/layers.js'
import type { Placement } from '../../layers/placement.js'

const activations = { silu, relu, gelu, leakyRelu, mish } as const

/** A layer after a batch normalisation. */
export type Activation = (placement: Placement) => Layer

/** An option: the function after each batch normalisation. */
export const activationName = () => choice(['silu', 'relu', 'gelu', 'leakyRelu', 'mish'])

/** The layer of the function of that name. */
export const activationOf = (name: keyof typeof activations): Activation => activations[name]
