/** Functions of the model, which PyTorch's newer exporter writes: their nodes stand where they are called. */
import { describe, expect, it } from 'vitest'
import type { OnnxFunction, OnnxNode, Written } from '../../../../src/io/checkpoints/onnx/graph/messages.js'
import { Chain, compare } from './chain.js'
import { complaint, tensor } from './smallModel.js'

const DOMAIN = 'example.functions'
const OPSETS = [
  { domain: '', version: 13 },
  { domain: DOMAIN, version: 1 },
]

/** A function of one input, X, and one output, Y. */
const given = (name: string, node: readonly Written<OnnxNode>[], more: Written<OnnxFunction> = {}) => ({
  name,
  domain: DOMAIN,
  input: ['X'],
  output: ['Y'],
  node,
  opsetImport: OPSETS,
  ...more,
})

const node = (opType: string, input: readonly string[], output: string, more: Written<OnnxNode> = {}) => ({
  opType,
  input,
  output: [output],
  ...more,
})

/** A node that calls a function. */
const call = (name: string, input: readonly string[], output: string, more: Written<OnnxNode> = {}) =>
  node(name, input, output, { domain: DOMAIN, ...more })

/** A convolution, a call, and a linear layer. */
const calling = (name: string, more: Written<OnnxNode> = {}): Chain => {
  const chain = new Chain([2, 4, 4]).conv(2, 2)
  chain.nodes.push(call(name, [chain.last], 'called', { name: 'call', ...more }))
  chain.last = 'called'
  return chain.add('Flatten').dense(32)
}

const file = (chain: Chain, functions: readonly Written<OnnxFunction>[]): Uint8Array =>
  chain.file('batch', { functions, opsetImport: OPSETS })

describe('a function of the model', () => {
  const half = { name: 'slope', f: 0.5, type: 1 }
  const leaky = given('Leaky', [
    node('LeakyRelu', ['X'], 'Y', { attribute: [{ name: 'alpha', refAttrName: 'slope', type: 1 }] }),
  ])

  it('is read with the attributes of its call, its own values of them, or the operator’s', async () => {
    const layers = 'conv2d activation flatten linear'
    const called = file(calling('Leaky', { attribute: [half] }), [leaky])
    expect(await compare(called, [2, 4, 4], 'first')).toBe(layers)
    const own = { ...leaky, attributeProto: [{ ...half, f: 0.25 }] }
    expect(await compare(file(calling('Leaky'), [own]), [2, 4, 4], 'first')).toBe(layers)
    expect(await compare(file(calling('Leaky'), [leaky]), [2, 4, 4], 'first')).toBe(layers)
  })

  it('is read with names of values that its graph has, too, and inside of another one, twice', async () => {
    // `n0` is the convolution of the graph, and `c` a value of both functions.
    const inner = given('Inner', [node('Neg', ['X'], 'c'), node('Relu', ['c'], 'n0'), node('Neg', ['n0'], 'Y')])
    const outer = given('Outer', [
      call('Inner', ['X'], 'c'),
      node('Add', ['X', 'c'], 'd'),
      call('Inner', ['d'], 'e'),
      node('Relu', ['e'], 'Y'),
    ])
    await compare(file(calling('Outer'), [inner, outer]), [2, 4, 4], 'first')
  })

  it('is read without an input that its call leaves out', async () => {
    const clip = given('Clipped', [node('Clip', ['X', 'low', 'high'], 'Y')], { input: ['X', 'low', 'high'] })
    const chain = new Chain([2, 4, 4]).conv(2, 2)
    chain.tensors.push(tensor('zero', [], Float32Array.of(0)))
    chain.nodes.push(call('Clipped', [chain.last, 'zero', ''], 'called'))
    chain.nodes.push(call('Clipped', ['called', 'zero'], 'again'))
    chain.last = 'again'
    await compare(file(chain.add('Flatten').dense(32), [clip]), [2, 4, 4], 'first')
  })

  it('that calls itself is refused', async () => {
    const [self, even, odd] = [
      given('Self', [call('Self', ['X'], 'Y')]),
      given('Even', [call('Odd', ['X'], 'Y')]),
      given('Odd', [call('Even', ['X'], 'Y')]),
    ]
    const expected = (name: string): string =>
      `expected functions within at most 32 others, got function "${name}" of domain "${DOMAIN}"`
    expect(await complaint(file(calling('Self'), [self]))).toBe(expected('Self'))
    expect(await complaint(file(calling('Even'), [even, odd]))).toBe(expected('Even'))
  })

  it('that the file lacks is refused with its node, and so is an operator inside of one', async () => {
    const listed = 'expected operators that a network here can represent, got '
    expect(await complaint(file(calling('Gone'), [leaky]))).toBe(`${listed}"Gone" (node "call", domain "${DOMAIN}")`)
    const odd = given('Odd', [node('Sin', ['X'], 'Y', { name: 'wave' })])
    expect(await complaint(file(calling('Odd'), [odd]))).toBe(`${listed}"Sin" (node "call/wave", opset 13)`)
  })

  it('of another opset is refused', async () => {
    const later = { ...leaky, opsetImport: [{ domain: '', version: 20 }] }
    expect(await complaint(file(calling('Leaky'), [later]))).toBe(
      `expected functions of opset 13, got function "Leaky" of domain "${DOMAIN}", of opset 20`,
    )
  })

  it('costs as much as the nodes that it stands for', async () => {
    // Each calls the one before it twice: 2³⁰ nodes.
    const doubled = Array.from({ length: 30 }, (_, i) =>
      given(`F${i}`, [call(`F${i - 1}`, ['X'], 'c'), call(`F${i - 1}`, ['c'], 'Y')]),
    )
    const first = given('F-1', [node('Relu', ['X'], 'Y')])
    expect(await complaint(file(calling('F29'), [first, ...doubled]))).toContain('the nodes of its functions')
  })
})
