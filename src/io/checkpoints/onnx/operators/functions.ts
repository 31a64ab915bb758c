import { numbers } from '../../../../models/activations/arithmetic.js'
import { formulaOf } from '../../../../models/activations/formulas.js'
import type { Nonlinearity } from '../../../../models/activations/nonlinearity.js'
import type { Activations } from '../graph/networkBuilder.js'
import type { NodeReader } from '../graph/nodeReader.js'
import type { FunctionOf } from '../graph/numbers.js'
import { countOf, doublesOf } from '../graph/tensor.js'
import type { Value } from '../graph/value.js'
import { draftOf, once } from '../values/drafts.js'
import { areNumbers, combined, isNumbers } from '../values/numbers.js'
import { grid, type Recognised, recognise } from '../values/recognise.js'
import { addAffine, addScale } from './affineLayer.js'

// Element-wise functions, which exporters often write by several operators: x·σ(x) for SiLU. Until a node reads the result
// as the output of a layer, only the function's values on a grid are known. They say which layer it is.

/** An operator that applies a function to each number of its first input. */
export const elementwise =
  (of: (x: number) => number) =>
  (node: NodeReader): Value =>
    functionDraft(
      node,
      functionsIn(node, 0).map((each) => ({ ...each, values: each.values.map(of) })),
    )

/** An operator that is one function of a network here. @param given the function, by the node's attributes */
export const nonlinearity =
  (given: (node: NodeReader) => Nonlinearity) =>
  (node: NodeReader): Value => {
    const { value } = formulaOf(given(node))
    return elementwise((x) => value(numbers, x))(node)
  }

/** `HardSigmoid`. */
export const hardSigmoid = (node: NodeReader): Value => {
  const [alpha, beta] = [node.float('alpha'), node.float('beta')]
  return elementwise((x) => Math.min(Math.max(alpha * x + beta, 0), 1))(node)
}

/** `Swish`. */
export const swish = (node: NodeReader): Value => {
  const alpha = node.float('alpha')
  return elementwise((x) => x * numbers.sigmoid(alpha * x))(node)
}

/** `Clip`. */
export const clip = (node: NodeReader): Value => {
  const bound = (name: 'min' | 'max', input: number, otherwise: number): number => {
    if (node.opset < 11) return node.has(name) ? node.float(name) : otherwise
    return node.optional(input) ? scalarIn(node, input) : otherwise
  }
  const [least, most] = [bound('min', 1, -Infinity), bound('max', 2, Infinity)]
  return elementwise((x) => Math.min(Math.max(x, least), most))(node)
}

/** `Max`, `Min` or `Pow` with one number. */
export const withNumber =
  (combine: (a: number, b: number) => number) =>
  (node: NodeReader): Value => {
    if (node.count === 2 && areNumbers(node)) return combined(node, combine)
    return (
      (node.count === 2 ? pairOf(node, combine) : undefined) ??
      node.refuse('one number and the output of a layer', `${node.count} inputs, among them ${node.described(0)}`)
    )
  }

const scalarIn = (node: NodeReader, index: number): number => {
  const tensor = node.constant(index)
  return countOf(tensor.dims) === 1
    ? (doublesOf(tensor)[0] ?? Number.NaN)
    : node.refuse(`one number as input ${index + 1}`, node.described(index))
}

/**
 * Two inputs as one function of the same activations: both depend on them, or one is a single number.
 *
 * @param fallback what the node is if no layer computes the function. @default an error
 * @returns undefined if they are not
 */
export const pairOf = (
  node: NodeReader,
  combine: (a: number, b: number) => number,
  fallback?: () => Activations,
): Value | undefined => {
  const [left, right] = [sideOf(node, 0), sideOf(node, 1)]
  if (left === undefined || right === undefined) return undefined
  const pairs =
    typeof left === 'number'
      ? typeof right === 'number'
        ? []
        : right.map((each) => ({ ...each, values: each.values.map((b) => combine(left, b)) }))
      : typeof right === 'number'
        ? left.map((each) => ({ ...each, values: each.values.map((a) => combine(a, right)) }))
        : left.flatMap((each) => {
            const other = right.find(({ key }) => key === each.key)
            return other ? [{ ...each, values: each.values.map((a, i) => combine(a, other.values[i] ?? 0)) }] : []
          })
  return pairs.length === 0 ? undefined : functionDraft(node, pairs, fallback)
}

const sideOf = (node: NodeReader, index: number): number | readonly FunctionOf[] | undefined => {
  const value = node.value(index)
  if (!isNumbers(value)) return functionsIn(node, index)
  const tensor = node.constant(index)
  return countOf(tensor.dims) === 1 ? (doublesOf(tensor)[0] ?? Number.NaN) : undefined
}

/** Whether an input is a function whose layer is not known yet. */
export const isFunction = (node: NodeReader, index: number): boolean =>
  draftOf(node.value(index), 'function') !== undefined

/** An input as a function of all activations that it may be read as one of, those that are furthest back first. */
export const functionsIn = (node: NodeReader, index: number): readonly FunctionOf[] => {
  const value = node.value(index)
  if (value.kind === 'activations') {
    const { activations } = value
    return [{ key: activations.id, source: () => activations, values: grid, depth: 0 }]
  }
  if (value.kind !== 'draft') return node.refuse('the output of a layer', node.described(index))
  const itself = { key: value.settle, source: value.settle, values: grid, depth: 1 }
  const affine = draftOf(value, 'affine')
  if (affine) return [...affine.functions.slice(0, MOST - 1), itself]
  const dense = draftOf(value, 'dense')
  if (dense) return [{ ...itself, scaled: (factor) => dense.scaled(factor, node) }]
  const composed = draftOf(value, 'function')
  if (!composed) return [itself]
  if (!composed.isLayer()) return composed.functions
  const depth = 1 + Math.max(...composed.functions.map((each) => each.depth))
  // The layers of a long chain are made on the way: made at its end, each would wait for the one before it.
  if (depth > DEEPEST) value.settle()
  return [...composed.functions.slice(0, MOST - 1), { ...itself, depth: depth > DEEPEST ? 0 : depth }]
}

/** The most activations that a function is tracked back to. */
const MOST = 4

/** The most functions that wait for each other to become layers. */
const DEEPEST = 100

/** What a function's value at one number costs to compute and to compare, in steps of the budget. */
const STEPS = 4

const functionDraft = (node: NodeReader, functions: readonly FunctionOf[], fallback?: () => Activations): Value => {
  node.budget.work(STEPS * grid.length * functions.length, 'the functions of its activations')
  node.budget.allocate(grid.byteLength * functions.length, 'the functions of its activations')
  const known = once(() => {
    for (const each of functions) {
      const layer = recognise(each.values)
      if (layer) return { ...each, layer }
    }
    return undefined
  })
  const settle = once(() => {
    const found = known()
    if (found?.scaled && found.layer.type === 'affine' && found.layer.shift === 0)
      return found.scaled(found.layer.scale)
    if (found) return layerAfter(node, found.source(), found.layer)
    return (
      fallback?.() ??
      node.refuse(
        'an element-wise function that a layer here computes (such as ReLU, SiLU or GELU)',
        `another function of ${node.described(0)}`,
      )
    )
  })
  return { kind: 'draft', draft: 'function', functions, isLayer: () => known() !== undefined, settle }
}

const layerAfter = (node: NodeReader, source: Activations, layer: Recognised): Activations => {
  switch (layer.type) {
    case 'identity':
      return source
    case 'relu':
      return node.builder.add({ type: 'relu' }, [source], node.originOf('relu'))
    case 'activation':
      return node.builder.add({ type: 'activation', function: layer.function }, [source], node.originOf('activation'))
    case 'affine': {
      const { shape } = source
      if (layer.shift === 0) return addScale(node, source, layer.scale)
      if (shape.kind !== 'image')
        return node.refuse('arithmetic with constants on an image', `a vector of ${shape.features} per image`)
      const all = (value: number): Float64Array => new Float64Array(shape.channels).fill(value)
      return addAffine(node, source, { scale: all(layer.scale), shift: all(layer.shift), name: '' })
    }
  }
}
