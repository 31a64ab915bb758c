import { dispatchSome } from '../../../dsl/kit/dispatch.js'
import type { Arithmetic } from '../../../models/activations/arithmetic.js'
import { formulaOf } from '../../../models/activations/formulas.js'
import type { Nonlinearity } from '../../../models/activations/nonlinearity.js'
import { float, type Place, type WrittenNode, writtenNode } from './writtenNode.js'

/** The functions that ONNX has as one operator, as nodes. */
const operator = dispatchSome<Nonlinearity, [Place], readonly WrittenNode[]>({
  sigmoid: (_, place) => [writtenNode('Sigmoid', place)],
  tanh: (_, place) => [writtenNode('Tanh', place)],
  leakyRelu: ({ slope }, place) => [writtenNode('LeakyRelu', place, [], [float('alpha', slope)])],
  elu: ({ alpha }, place) => [writtenNode('Elu', place, [], [float('alpha', alpha)])],
  hardSigmoid: (_, place) => [writtenNode('HardSigmoid', place, [], [float('alpha', 1 / 6), float('beta', 0.5)])],
  hardSwish: (_, place) => [writtenNode('HardSwish', place)],
})

/** The nodes of an element-wise function; the last of them computes the layer's output. */
export const activationNodes = (given: Nonlinearity, place: Place): readonly WrittenNode[] =>
  operator(given, place) ?? composed(given, place)

/** A function by operators of its formula. */
const composed = (given: Nonlinearity, { id, inputs: [x = ''], output }: Place): readonly WrittenNode[] => {
  const nodes: WrittenNode[] = []
  const add = (opType: string, inputs: readonly string[], attribute: WrittenNode['attribute'] = []): string => {
    const name = `${id}/${nodes.length}`
    nodes.push(writtenNode(opType, { id: name, inputs, output: name }, [], attribute))
    return name
  }
  const constant = (value: number): string => add('Constant', [], [float('value_float', value)])
  const on: Arithmetic<string> = {
    constant,
    plus: (a, b) => add('Add', [a, b]),
    minus: (a, b) => add('Sub', [a, b]),
    times: (a, b) => add('Mul', [a, b]),
    exp: (a) => add('Exp', [a]),
    expm1: (a) => add('Sub', [add('Exp', [a]), constant(1)]),
    sigmoid: (a) => add('Sigmoid', [a]),
    tanh: (a) => add('Tanh', [a]),
    erf: (a) => add('Erf', [a]),
    softplus: (a) => add('Softplus', [a]),
    atLeast: (a, least) => add('Max', [a, constant(least)]),
    atMost: (a, most) => add('Min', [a, constant(most)]),
    step: (a) => add('Sign', [add('Relu', [a])]),
  }
  formulaOf(given).value(on, x)
  const last = nodes.at(-1)
  return last ? [...nodes.slice(0, -1), { ...last, name: id, output: [output] }] : []
}
