/** Transformers of files that fix the number of images, which is then a factor of their shapes: the logits of onnxruntime. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Chain, compare, networkOf, whole } from './chain.js'
import { complaint, ints, tensor } from './smallModel.js'

const IMAGE = [2, 4, 4] as const
const [TOKENS, WIDTH] = [4, 8]
const axis = (i: number) => [{ name: 'axis', i, type: 2 }]
const order = (...axes: readonly number[]) => [ints('perm', axes)]
const index = (i: number) => ({ ...whole('', [i]), dims: [] })

/** Patches as tokens: images x tokens x channels. */
const tokens = (batch: number): Chain =>
  new Chain(IMAGE)
    .add('Conv', [tensor('', [WIDTH, 2, 2, 2])], [ints('strides', [2, 2])])
    .add('Reshape', [whole('', [batch, WIDTH, TOKENS])])
    .add('Transpose', [], order(0, 2, 1))

/** The class of the first token. */
const classified = (chain: Chain): Chain => chain.add('Gather', [index(0)], axis(1)).dense(WIDTH)

interface Sizes {
  readonly batch: number
  readonly heads: number
}

/** Attention as timm writes it: queries, keys and values are the entries of an axis. */
const apart = ({ batch, heads }: Sizes): Chain => {
  const each = WIDTH / heads
  const chain = tokens(batch)
    .dense(WIDTH, 3 * WIDTH)
    .add('Reshape', [whole('', [batch, TOKENS, 3, heads, each])])
    .add('Transpose', [], order(2, 0, 3, 1, 4))
  const all = chain.last
  const [query, key, value] = [0, 1, 2].map((i) => chain.add('Gather', [index(i)], axis(0), [all]).last)
  const turned = chain.add('Transpose', [], order(0, 1, 3, 2), [key ?? '']).last
  const shares = chain
    .add('MatMul', [], [], [query ?? '', turned])
    .add('Mul', [tensor('', [1], Float32Array.of(0.4))])
    .add('Softmax', [], axis(-1)).last
  chain.add('MatMul', [], [], [shares, value ?? '']).add('Transpose', [], order(0, 2, 1, 3))
  return classified(chain.add('Reshape', [whole('', [batch, TOKENS, WIDTH])]).dense(WIDTH, WIDTH))
}

/** Attention as `torch.nn.MultiheadAttention` writes it: tokens first, and one axis for images and heads. */
const joined = ({ batch, heads }: Sizes): Chain => {
  const each = WIDTH / heads
  const chain = tokens(batch).add('Transpose', [], order(1, 0, 2))
  const all = chain.last
  const heading = (): string =>
    chain
      .add('MatMul', [tensor('', [WIDTH, WIDTH])], [], [all])
      .add('Reshape', [whole('', [TOKENS, batch * heads, each])])
      .add('Transpose', [], order(1, 0, 2)).last
  const [query, key, value] = [heading(), heading(), heading()]
  const turned = chain.add('Transpose', [], order(0, 2, 1), [key]).last
  const shares = chain.add('MatMul', [], [], [query, turned]).add('Softmax', [], axis(-1)).last
  chain
    .add('MatMul', [], [], [shares, value])
    .add('Transpose', [], order(1, 0, 2))
    .add('Reshape', [whole('', [TOKENS * batch, WIDTH])])
    .add('Gemm', [tensor('', [WIDTH, WIDTH]), tensor('', [WIDTH])])
    .add('Reshape', [whole('', [TOKENS, batch, WIDTH])])
    .add('Transpose', [], order(1, 0, 2))
  return classified(chain)
}

describe('a transformer of a fixed number of images', () => {
  const layers = 'conv2d conv2d selectChannels selectChannels selectChannels attention conv2d takeToken linear'

  it.each([
    [apart, layers],
    [joined, 'conv2d conv2d conv2d conv2d attention conv2d takeToken linear'],
  ] as const)('has the same layers for one, and onnxruntime’s logits: %o', async (make, expected) => {
    const sizes = fc.record({ batch: fc.integer({ min: 1, max: 5 }), heads: fc.constantFrom(1, 2, 4) })
    const check = async (given: Sizes): Promise<void> => {
      const bytes = make(given).file(given.batch)
      expect(await compare(bytes, IMAGE, 'first', given.batch)).toBe(expected)
    }
    await fc.assert(fc.asyncProperty(sizes, check), { seed: 1, numRuns: 6 })
  })

  it('has a mean of all tokens, a part of them, and a list of both', async () => {
    const chain = tokens(3)
    const all = chain.last
    const first = chain
      .add('Slice', [whole('', [0]), whole('', [1]), whole('', [1])], [], [all])
      .add('Squeeze', [whole('', [1])]).last
    const last = chain.add('Gather', [index(-1)], axis(1), [all]).last
    chain.add('Concat', [], axis(1), [first, last]).dense(2 * WIDTH)
    await compare(chain.file(3), IMAGE, 'first', 3)
  })

  it('is refused where a shape or an index takes some of the images', async () => {
    const some = tokens(3).add('Transpose', [], order(1, 0, 2))
    some.add('Gather', [index(0)], axis(1)).dense(WIDTH)
    expect(await complaint(some.file(3))).toBe(
      'expected the same of every image in operator Gather (node "n4", opset 13), got some of the images',
    )
    const parts = tokens(3).add('Transpose', [], order(1, 0, 2))
    parts.add('Reshape', [whole('', [6, 2, WIDTH])]).dense(WIDTH)
    expect(await complaint(parts.file(3))).toBe(
      'expected images that are a part of one axis in operator Reshape (node "n4", opset 13), got 3 of them in shape [6, 2, 8]',
    )
    const fewer = tokens(3).add('Transpose', [], order(1, 0, 2))
    fewer.add('Reshape', [whole('', [TOKENS, 2, WIDTH])]).dense(WIDTH)
    expect(await complaint(fewer.file(3))).toBe(
      'expected 96 numbers of 3 images in operator Reshape (node "n4", opset 13), got shape [4, 2, 8]',
    )
  })
})

describe('a class token', () => {
  /** The same for each image, or not. */
  const withToken = (batch: number, last: number): Uint8Array => {
    const own = Float32Array.from({ length: batch * WIDTH }, (_, i) => (i % WIDTH) / 8)
    own[own.length - 1] = last
    const chain = tokens(batch)
    chain.tensors.push(tensor('token', [batch, 1, WIDTH], own))
    chain.add('Concat', [], axis(1), ['token', chain.last]).add('Relu')
    return classified(chain.add('Transpose', [], order(0, 1, 2)).dense(WIDTH, WIDTH)).file(batch)
  }

  it('that is repeated for each image of a fixed number is one', async () => {
    const layers = 'conv2d classToken relu conv2d takeToken linear'
    for (const batch of [1, 3]) expect(await compare(withToken(batch, 7 / 8), IMAGE, 'first', batch)).toBe(layers)
  })

  it('that is another for each image is refused', async () => {
    expect(await complaint(withToken(3, 1))).toContain('expected a token of shape [1, 1, 8]')
  })
})

it('attention as one operator, from opset 23, is the same as by its steps', async () => {
  const made = (asOne: boolean, scale: number | undefined, more: readonly string[] = []): Uint8Array => {
    const chain = tokens(3)
    const all = chain.last
    const heading = (): string =>
      chain
        .add('MatMul', [tensor('', [WIDTH, WIDTH])], [], [all])
        .add('Reshape', [whole('', [3, TOKENS, 2, 4])])
        .add('Transpose', [], order(0, 2, 1, 3)).last
    const [query, key, value] = [heading(), heading(), heading()]
    if (asOne)
      chain.add('Attention', [], scale === undefined ? [] : [{ name: 'scale', f: scale, type: 1 }], [
        query,
        key,
        value,
        ...more,
      ])
    else {
      const turned = chain.add('Transpose', [], order(0, 1, 3, 2), [key]).last
      const shares = chain
        .add('MatMul', [], [], [query, turned])
        .add('Mul', [tensor('', [1], Float32Array.of(scale ?? 0.5))])
      chain.add('MatMul', [], [], [shares.add('Softmax', [], axis(-1)).last, value])
    }
    chain.add('Transpose', [], order(0, 2, 1, 3)).add('Reshape', [whole('', [3, TOKENS, WIDTH])])
    return classified(chain).file(3, { opsetImport: [{ domain: '', version: asOne ? 23 : 13 }] })
  }
  for (const scale of [undefined, 0.25]) {
    const [one, steps] = await Promise.all([networkOf(made(true, scale)), networkOf(made(false, scale))])
    const attentionOf = ({ architecture }: typeof one) =>
      architecture.nodes.flatMap(({ layer }) => (layer.type === 'attention' ? [[layer.heads, layer.scale]] : []))
    expect(attentionOf(one)).toEqual(attentionOf(steps))
    expect(attentionOf(one)).toHaveLength(1)
    expect(one.architecture.nodes.map(({ layer }) => layer.type)).toEqual(
      steps.architecture.nodes.map(({ layer }) => layer.type),
    )
  }
  expect(await complaint(made(true, undefined, ['n0']))).toContain('without a mask, cached keys and "softcap"')
})
