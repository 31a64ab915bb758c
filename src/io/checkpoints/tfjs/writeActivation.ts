import type { Arithmetic } from '../../../models/activations/arithmetic.js'
import { formulaOf } from '../../../models/activations/formulas.js'
import type { Nonlinearity } from '../../../models/activations/nonlinearity.js'
import type { GraphModelBuilder, Value } from './graphModel.js'

/** Adds an element-wise function of `x`, by TensorFlow's operations. @returns its output; names begin with `id` */
export const writeActivation = (given: Nonlinearity, graph: GraphModelBuilder, id: string, x: Value): Value => {
  const add = (op: string, ...input: readonly Value[]): Value => graph.node(op, id, input)
  const constant = (value: number): Value => graph.constant(`${id}/constant`, [], Float32Array.of(value))
  const on: Arithmetic<Value> = {
    constant,
    plus: (a, b) => add('AddV2', a, b),
    minus: (a, b) => add('Sub', a, b),
    times: (a, b) => add('Mul', a, b),
    exp: (a) => add('Exp', a),
    expm1: (a) => add('Expm1', a),
    sigmoid: (a) => add('Sigmoid', a),
    tanh: (a) => add('Tanh', a),
    erf: (a) => add('Erf', a),
    softplus: (a) => add('Softplus', a),
    atLeast: (a, least) => add('Maximum', a, constant(least)),
    atMost: (a, most) => add('Minimum', a, constant(most)),
    step: (a) => add('Sign', add('Relu', a)),
  }
  return formulaOf(given).value(on, x)
}
