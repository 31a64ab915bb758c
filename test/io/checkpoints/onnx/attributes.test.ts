/** Attributes of operators: each that is not understood is one error. */
import { describe, expect, it } from 'vitest'
import { declared } from '../../../../src/io/checkpoints/onnx/graph/declared.js'
import { attributeTypes } from '../../../../src/io/checkpoints/onnx/graph/messages.js'
import { complaint, conv, ints, model, tail } from './smallModel.js'

const operators = Object.keys(declared)

/** The error for a node of an operator with these attributes, in a model of an opset. */
const error = (opType: string, attribute: readonly object[], version = 17): Promise<string> =>
  complaint(
    model(
      { node: [{ opType, name: 'odd', input: ['x', 'w'], output: ['a'], attribute }, ...tail] },
      { opsetImport: [{ domain: '', version }] },
    ),
  )

describe('an attribute', () => {
  it.each(operators)('that %s does not have is refused', async (opType) => {
    expect(await error(opType, [{ name: 'unheard_of', i: 1, type: attributeTypes.int }])).toMatch(
      new RegExp(`^expected .*attributes.* in operator ${opType} \\(node "odd", opset 17\\), got "unheard_of"$`),
    )
  })

  const all = Object.entries(declared).flatMap(([opType, rules]) =>
    Object.entries(rules).map(([name, rule]) => ({ opType, name, rule })),
  )

  it.each(all)('$name of $opType is refused if it has another type', async ({ opType, name, rule }) => {
    const opset = 'until' in rule ? rule.until : 28
    const text = await error(opType, [{ name, type: attributeTypes.graphs }], opset)
    expect(text).toBe(
      `expected attribute "${name}" of type ${rule.type} in operator ${opType} (node "odd", opset ${opset}), got type graphs`,
    )
  })

  const bounded = all.flatMap(({ opType, name, rule }) => [
    ...('since' in rule && rule.since > 7
      ? [{ opType, name, opset: rule.since - 1, when: `from opset ${rule.since}` }]
      : []),
    ...('until' in rule ? [{ opType, name, opset: rule.until + 1, when: `up to opset ${rule.until}` }] : []),
  ])

  it.each(bounded)('$name of $opType is refused in opset $opset', async ({ opType, name, opset, when }) => {
    const text = await error(opType, [{ name, type: attributeTypes.int }], opset)
    expect(text).toMatch(new RegExp(`got "${name}", which is an attribute ${when}`))
  })

  it('that a node has twice is refused', async () => {
    const group = { name: 'group', i: 1, type: attributeTypes.int }
    expect(await error('Conv', [group, group])).toContain('expected each attribute once in operator Conv')
  })

  it('that is not finite, or a list of another length, is refused', async () => {
    const epsilon = { name: 'epsilon', f: Number.NaN, type: attributeTypes.float }
    expect(await error('BatchNormalization', [epsilon])).toContain('attribute "epsilon" of a finite number')
    expect(await error('Conv', [ints('pads', [1, 1])])).toContain('got [1, 1]')
    expect(await error('Conv', [ints('strides', [0, 0])])).toContain('got [0, 0]')
  })

  it('kernel_shape is compared with the weights', async () => {
    const node = [{ ...conv, attribute: [ints('kernel_shape', [2, 2])] }, ...tail]
    expect(await complaint(model({ node }))).toBe(
      'expected attribute "kernel_shape" of its weights, 3 x 3 in operator Conv (node "first", opset 17), got 2 x 2',
    )
  })
})
