/** Descriptions of networks and masks in the metadata of a file. */
import fc from 'fast-check'
import { isLeft, right } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { described, describeArchitecture as textOf } from '../../../src/models/architecture/description.js'
import { describedMask, describeMask } from '../../../src/models/parameters/masks.js'
import { parameterCount } from '../../../src/models/parameters/parameters.js'
import { selfDescribed } from '../../../src/models/parameters/selfDescribed.js'
import { zoo } from '../../../src/models/zoo/zoo.js'
import { expectEvery } from '../../support/expectEvery.js'
import { headed } from '../../support/heads.js'
import { seededNumbers } from '../../support/numbers.js'
import { randomNetwork } from '../../support/randomNetworks.js'
import { aggregated, normalised, separable, shortcut } from '../fixtures.js'

const reasonOf = (text: string): string => {
  const read = described(text)
  return isLeft(read) ? `expected ${read.left.expected}, got ${read.left.actual}` : 'none'
}

describe('a description', () => {
  it.each(Object.entries({ ...zoo, normalised, shortcut, separable, aggregated, ...headed }))(
    'of %s makes the same network',
    (_name, net) => {
      const read = described(textOf(net))
      if (isLeft(read)) throw new Error(read.left.expected)
      expect(textOf(read.right)).toBe(textOf(net))
      expect(read.right.nodes.map(({ shape }) => shape)).toEqual(net.nodes.map(({ shape }) => shape))
      expect([read.right.name, read.right.input, read.right.classes]).toEqual([net.name, net.input, net.classes])
    },
  )

  it('of any network is read back as the same network', () => {
    fc.assert(
      fc.property(randomNetwork, (net) => {
        const read = described(textOf(net))
        expect(isLeft(read) ? 'none' : textOf(read.right)).toBe(textOf(net))
      }),
      { seed: 11, numRuns: 50 },
    )
  })

  it('is refused if it is malformed', () => {
    const input = { height: 4, width: 4, channels: 1 }
    const net = (...layers: readonly unknown[]) => JSON.stringify({ name: 'n', input, layers })
    expect(reasonOf('{')).toBe('expected the description of a network, got {')
    expect(reasonOf('{"name":"n","name":"n"}')).toBe(
      'expected the description of a network, got {"name":"n","name":"n"}',
    )
    expect(reasonOf('[]')).toBe('expected the description of a network, got []')
    expect(reasonOf(net({ type: 'gelu', id: 'a', inputs: ['input'] }))).toMatch(
      /^expected layer 1 to be one of normalize, conv2d, .* got {"type":"gelu"/,
    )
    expect(reasonOf(net({}))).toMatch(/^expected layer 1 to be one of .* got {}$/)
    expect(reasonOf(net({ type: 'flatten', id: 'a', inputs: ['missing'] }))).toBe(
      'expected an earlier layer as input of "a", got "missing"',
    )
  })
})

describe('a description with a damaged layer', () => {
  const whole = JSON.parse(textOf(separable)) as { readonly layers: readonly Record<string, unknown>[] }
  const fields = whole.layers.flatMap((layer, at) => Object.keys(layer).map((field) => ({ at, layer, field })))
  const withLayer = (at: number, layer: Readonly<Record<string, unknown>>) =>
    JSON.stringify({ ...whole, layers: whole.layers.with(at, layer) })

  it('says which layer lacks which field', () => {
    expect(
      reasonOf('{"name":"n","input":{"height":4,"width":4,"channels":1},"layers":[{"type":"linear","id":"a"}]}'),
    ).toBe('expected layer 1 (linear) to have a list as "inputs", got nothing')
    // Without its type, a layer is of none; groups may be missing.
    const needed = fields.filter(({ field }) => field !== 'type' && field !== 'groups')
    expectEvery(needed, ({ at, layer, field }) => {
      const { [field]: _, ...rest } = layer
      return (
        reasonOf(withLayer(at, rest)).startsWith(`expected layer ${at + 1} (${layer.type}) to have `) &&
        reasonOf(withLayer(at, rest)).endsWith(`as "${field}", got nothing`)
      )
    })
  })

  it('says which field has a wrong value', () => {
    expectEvery(
      fields.filter(({ field }) => field !== 'type'),
      ({ at, layer, field }) =>
        reasonOf(withLayer(at, { ...layer, [field]: { no: 1 } })).endsWith(`as "${field}", got {"no":1}`),
    )
  })
})

describe('a mask as JSON', () => {
  it('is read back bit for bit, whatever its pattern', () => {
    const count = parameterCount(shortcut)
    const bits = seededNumbers(4, count).map((value) => (value > 0.3 ? 1 : 0))
    expect(describedMask(shortcut, describeMask(shortcut, bits))).toEqual(right(bits))
    const ones = new Float32Array(count).fill(1)
    expect(describeMask(shortcut, ones)).toBe('{}')
    expect(describedMask(shortcut, '{}')).toEqual(right(ones))
  })

  it('is refused if it is of other weights', () => {
    expect(describedMask(shortcut, '{"missing.weight":"AA=="}')).toMatchObject({ left: { actual: '"missing.weight"' } })
    expect(describedMask(shortcut, '{"stem.weight":"AA=="}')).toMatchObject({
      left: { expected: '72 bits for the mask of "stem.weight"', actual: '1 bytes' },
    })
    expect(describedMask(shortcut, 'no')).toMatchObject({ left: { expected: 'masks as bits, by tensor name' } })
  })
})

it('a file without a description asks for the architecture', () => {
  expect(selfDescribed('loadTeacher', 't.pth', { tensors: new Map(), metadata: {} })).toMatchObject({
    left: {
      _tag: 'FileError',
      file: 't.pth',
      expected: 'a file that describes its network',
      hint: expect.stringContaining('Name its architecture'),
    },
  })
})
