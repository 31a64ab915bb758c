/** ONNX files that no network here can represent, and damaged files: one clear error each. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dataTypes, EXTERNAL, type OnnxNode, type Written } from '../../../../src/io/checkpoints/onnx/graph/messages.js'
import { temporaryFolder } from '../../../runtime/fakes.js'
import { seededNumbers } from '../../../support/numbers.js'
import { complaint, conv, graph, initializer, ints, model, tail, tensor, value } from './smallModel.js'

const withConv = (changed: Written<OnnxNode>): Uint8Array => model({ node: [{ ...conv, ...changed }, ...tail] })

it('reads the small model, which the other tests change', async () => {
  expect(await complaint(model())).toBe('none')
})

describe('an operator', () => {
  const replaced = (opType: string, domain = '') =>
    model({ node: [conv, { opType, domain, name: 'odd', input: ['a'], output: ['b'] }, ...tail.slice(1)] })

  it('that no layer here has is named, with its node and the opset', async () => {
    expect(await complaint(replaced('Sin'))).toBe(
      'expected operators that a network here can represent, got "Sin" (node "odd", opset 17)',
    )
    expect(await complaint(replaced('Relu', 'com.example'))).toBe(
      'expected operators that a network here can represent, got "Relu" (node "odd", domain "com.example")',
    )
  })

  const cases: Readonly<Record<string, readonly [bytes: Uint8Array, expected: string]>> = {
    'groups of other channels': [
      withConv({ attribute: [{ name: 'group', i: 2, type: 2 }] }),
      'expected weights for 1 channels in operator Conv (node "first", opset 17), got 1 in 2 groups',
    ],
    'no groups': [
      withConv({ attribute: [{ name: 'group', i: 0, type: 2 }] }),
      'expected attribute "group" of a whole number >= 1 in operator Conv (node "first", opset 17), got 0',
    ],
    dilation: [
      withConv({ attribute: [ints('dilations', [2, 0])] }),
      'expected attribute "dilations" of 2 whole numbers >= 1 in operator Conv (node "first", opset 17), got [2, 0]',
    ],
    'padding that takes pixels away': [
      withConv({ attribute: [ints('pads', [1, 0, -1, 0])] }),
      'expected attribute "pads" of 4 whole numbers >= 0 in operator Conv (node "first", opset 17), got [1, 0, -1, 0]',
    ],
    'weights that are computed': [
      withConv({ input: ['x', 'x'] }),
      'expected numbers that the file fixes as input 2 in operator Conv (node "first", opset 17), got "x", which depends on the image',
    ],
    'too few inputs': [
      withConv({ input: ['x'] }),
      'expected at least 2 inputs in operator Conv (node "first", opset 17), got 1',
    ],
    'weights for other channels': [
      model({ initializer: [tensor('w', [2, 3, 3, 3]), tensor('m', [8, 3])] }),
      'expected weights for 1 channels in operator Conv (node "first", opset 17), got 3',
    ],
    'a kernel that is larger than the image': [
      model({
        node: [{ ...conv, attribute: [] }, ...tail],
        initializer: [tensor('w', [2, 1, 5, 5]), tensor('m', [8, 3])],
      }),
      'expected an image of at least 5 pixels a side for "first", got 4 x 4 x 1',
    ],
  }
  it.each(Object.keys(cases))('with %s is refused', async (name) => {
    const [bytes, expected] = cases[name] ?? []
    expect(await complaint(bytes ?? model())).toContain(expected)
  })
})

describe('what is there is said in words, and what is accepted', () => {
  const node = (opType: string, input: readonly string[], more: Written<OnnxNode> = {}): Written<OnnxNode> => ({
    opType,
    name: 'odd',
    input,
    output: ['z'],
    ...more,
  })
  /** A model with some nodes before its convolution, which reads the last of them. */
  const withFirst = (...nodes: readonly Written<OnnxNode>[]): Uint8Array =>
    model({
      node: [...nodes, { ...conv, input: ['z', 'w'] }, ...tail],
      initializer: [...initializer, tensor('s', [1]), tensor('t', [1]), tensor('i', [1])],
    })

  it('of pooling with more pixels at the top', async () => {
    const same = { name: 'auto_pad', s: Buffer.from('SAME_LOWER'), type: 3 }
    const attribute = [ints('kernel_shape', [2, 2]), same]
    expect(await complaint(withFirst(node('MaxPool', ['x'], { attribute })))).toBe(
      'expected as much padding at the end of an axis as at its beginning, or a pixel less ' +
        'in operator MaxPool (node "odd", opset 17), got 1 at the top, 1 on the left, 0 at the bottom and 0 on the right',
    )
  })

  it('of a factor that is computed from constants', async () => {
    const computed = { ...node('Add', ['s', 't']), output: ['u'] }
    expect(await complaint(withFirst(computed, node('Mul', ['x', 'u'])))).toBe('none')
    const shape = { ...node('Shape', ['x']), output: ['u'] }
    expect(await complaint(withFirst(shape, node('Mul', ['x', 'u'])))).toContain('a shape of 4 entries')
  })

  it('of a bias that gets axes', async () => {
    const axes = { ...tensor('axes', [2]), dataType: dataTypes.int64, rawData: new Uint8Array(16) }
    new DataView(axes.rawData.buffer).setBigInt64(0, 1n, true)
    const unsqueeze = { ...node('Unsqueeze', ['s', 'axes']), output: ['u'] }
    const nodes = [unsqueeze, node('Add', ['x', 'u']), { ...conv, input: ['z', 'w'] }, ...tail]
    expect(await complaint(model({ node: nodes, initializer: [...initializer, tensor('s', [1]), axes] }))).toBe('none')
    const given = { ...node('Unsqueeze', ['x', 'axes']), output: ['u'] }
    const refused = [given, node('Add', ['x', 'u']), { ...conv, input: ['z', 'w'] }, ...tail]
    expect(await complaint(model({ node: refused, initializer: [...initializer, axes] }))).toBe(
      'expected activations that are read as batch x 1 x 4 x 4, or as one list by a linear layer in operator Unsqueeze (node "odd", opset 17), got another order of them, of shape [batch, 1, 1, 1, 4, 4], before a layer that cannot read it',
    )
  })

  it('of channels that do not fit together', async () => {
    const axis = (i: number) => [{ name: 'axis', i, type: 2 }]
    const pool = { ...node('MaxPool', ['x'], { attribute: [ints('kernel_shape', [2, 2])] }), output: ['u'] }
    const after = ' (node "odd", opset 17), got '
    const cases: readonly (readonly [Written<OnnxNode>, string])[] = [
      [
        node('Concat', ['x', 'u'], { attribute: axis(1) }),
        `expected activations of one size, 4 x 4 in operator Concat${after}3 x 3`,
      ],
      [
        node('Concat', ['x', 'x'], { attribute: axis(2) }),
        `expected a concatenation of channels in operator Concat${after}axis 2`,
      ],
      [
        node('Concat', ['x', 's'], { attribute: axis(1) }),
        `expected the output of a layer, or zeros of its size, to concatenate in operator Concat${after}"s", a constant of shape [1]`,
      ],
      [
        node('Mul', ['x', 'u']),
        'expected factors of one shape, or one number for each channel or for each pixel in operator Mul' +
          `${after}[1, 4, 4] and [1, 3, 3] for each image`,
      ],
      [node('Split', ['x'], { attribute: axis(3) }), `expected a split of channels in operator Split${after}axis 3`],
      [
        node('Split', ['x'], { attribute: axis(1), output: ['z', 'q'] }),
        `expected sizes of 2 parts of 1 channels in operator Split${after}[1, 0]`,
      ],
      [
        node('Gather', ['x', 'x'], { attribute: axis(1) }),
        `expected indices that the file fixes in operator Gather${after}"x", which depends on the image`,
      ],
    ]
    for (const [bad, expected] of cases) expect(await complaint(withFirst(pool, bad))).toBe(expected)
  })

  it('of a softmax over the rows of an image', async () => {
    const softmax = { opType: 'Softmax', name: 'soft', input: ['a'], output: ['b'] }
    expect(await complaint(model({ node: [conv, softmax, ...tail.slice(1)] }))).toContain(
      'expected a softmax over the channels',
    )
  })

  it('of all operators that are not supported', async () => {
    const odd = ['Sin', 'Cos', 'Sin', 'Sin'].map((opType, i) => ({
      ...node(opType, [i === 0 ? 'x' : `o${i - 1}`]),
      output: [`o${i}`],
    }))
    expect(await complaint(withFirst(...odd, node('Relu', ['o3'])))).toBe(
      'expected operators that a network here can represent, got "Sin" (3 times, first node "odd", opset 17), ' +
        '"Cos" (node "odd", opset 17)',
    )
  })
})

describe('a graph', () => {
  it('with a cycle, or with a value that no node computes', async () => {
    const reads = 'expected inputs of Conv (node "first", opset 17) that are computed before it, got'
    expect(await complaint(withConv({ input: ['b', 'w'] }))).toBe(`${reads} "b", which is computed from it or after it`)
    expect(await complaint(withConv({ input: ['a', 'w'] }))).toBe(`${reads} "a", which is computed from it or after it`)
    expect(await complaint(withConv({ input: ['z', 'w'] }))).toBe(`${reads} "z", which no node computes`)
  })

  it('may have nodes that its output does not depend on, of any operator', async () => {
    const dead = { opType: 'Sin', name: 'dead', input: ['a'], output: ['unread'] }
    expect(await complaint(model({ node: [conv, dead, { ...dead, opType: 'Add', output: ['q'] }, ...tail] }))).toBe(
      'none',
    )
  })

  it('that computes a value twice', async () => {
    expect(await complaint(model({ node: [conv, conv, ...tail] }))).toBe('expected each value once, got "a" twice')
  })

  it('with other inputs or outputs than images and logits', async () => {
    const { input = [], output = [] } = graph
    expect(await complaint(model({ input: [] }))).toBe('expected one input, the images, got no inputs')
    expect(await complaint(model({ input: [...input, value('z', [1])] }))).toBe(
      'expected one input, the images, got "x", "z"',
    )
    expect(await complaint(model({ input: [value('x', [1, 1, 0, 4])] }))).toMatch(
      /all but the batch fixed, got \[1, 1, 0, 4\]$/,
    )
    expect(await complaint(model({ output: [...output, value('b', [1])] }))).toBe(
      'expected one output, the logits, got "y", "b"',
    )
    expect(await complaint(model({ output: [value('unknown', [1])] }))).toBe(
      'expected logits that are computed, got "unknown"',
    )
    expect(await complaint(model({ output: [value('b', [1])] }))).toBe(
      'expected a last layer that returns one vector of logits, got image',
    )
  })

  it('of an opset that is not supported', async () => {
    expect(await complaint(model({}, { opsetImport: [{ domain: '', version: 6 }] }))).toBe(
      'expected an opset from 7 to 28, got opset 6',
    )
    expect(await complaint(model({}, { opsetImport: [] }))).toContain('got opset 0')
  })

  it('without nodes', async () => {
    expect(await complaint(model({ node: [] }))).toBe('expected an ONNX model with a graph, got a model without nodes')
  })
})

describe('weights', () => {
  it('that are not finite', async () => {
    const broken = seededNumbers(1, 24)
    broken[5] = Number.NaN
    expect(await complaint(model({ initializer: [tensor('w', [2, 1, 3, 3]), tensor('m', [8, 3], broken)] }))).toMatch(
      /finite numbers in "head.weight", got NaN/,
    )
  })

  it('fewer than their shape requires, or of a type that is not supported', async () => {
    const short = { ...tensor('w', [2, 1, 3, 3]), rawData: new Uint8Array(40) }
    expect(await complaint(model({ initializer: [short, tensor('m', [8, 3])] }))).toBe(
      'expected 18 numbers for tensor "w" of shape [2, 1, 3, 3], got 10',
    )
    const complex = { ...tensor('w', [2, 1, 3, 3]), dataType: 14 }
    expect(await complaint(model({ initializer: [complex, tensor('m', [8, 3])] }))).toMatch(
      /^expected tensor "w" of a type among float, .* got complex64$/,
    )
  })
})

describe('external data', () => {
  const elsewhere = (location: string, offset = 0, length = 72): Uint8Array => {
    const entries = { location, offset: `${offset}`, length: `${length}` }
    const { rawData: _inside, ...outside } = tensor('w', [2, 1, 3, 3])
    const externalData = Object.entries(entries).map(([key, text]) => ({ key, value: text }))
    return model({ initializer: [{ ...outside, externalData, dataLocation: EXTERNAL }, tensor('m', [8, 3])] })
  }
  const folderWith = (name: string, bytes = 96): string => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'net'))
    writeFileSync(join(folder, name), new Uint8Array(bytes))
    return join(folder, 'net')
  }

  it('is read from a file in the folder of the model', async () => {
    expect(await complaint(elsewhere('w.bin', 24), folderWith('net/w.bin'))).toBe('none')
  })

  it('that is missing or cut off is refused', async () => {
    expect(await complaint(elsewhere('w.bin'))).toMatch(
      /^expected a file in the same folder for tensor "w", got no "w.bin" there$/,
    )
    expect(await complaint(elsewhere('w.bin', 60), folderWith('net/w.bin'))).toBe(
      'expected bytes 60 to 132 of "w.bin" for tensor "w", got 96 bytes',
    )
    expect(await complaint(elsewhere('w.bin', 0, 40), folderWith('net/w.bin'))).toBe(
      'expected 18 numbers for tensor "w" of shape [2, 1, 3, 3], got 10',
    )
  })

  it('outside of the model’s folder is not read', async () => {
    const folder = folderWith('w.bin')
    const own = 'expected a file in the same folder for tensor "w", got'
    for (const location of ['../w.bin', 'deeper/../../w.bin', join(folder, '..', 'w.bin'), '/etc/hostname', '', '.'])
      expect(await complaint(elsewhere(location), folder)).toContain(own)
    symlinkSync(join(folder, '..', 'w.bin'), join(folder, 'link.bin'))
    expect(await complaint(elsewhere('link.bin'), folder)).toBe(`${own} "link.bin", a link that leads elsewhere`)
  })
})

describe('damaged bytes', () => {
  it('cut off anywhere are refused', async () => {
    const whole = model()
    const folder = temporaryFolder()
    for (let length = 1; length < whole.length; length += 7)
      expect(await complaint(whole.subarray(0, length), folder)).not.toBe('none')
  })

  it('are read as a network, or refused by one error', async () => {
    const whole = model()
    const folder = temporaryFolder()
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const damaged = Uint8Array.from(whole, (byte, i) => (i === at ? byte ^ change : byte))
        expect((await complaint(damaged, folder)).length).toBeGreaterThan(0)
      }),
      { seed: 3, numRuns: 300 },
    )
  })

  it('of text are refused', async () => {
    expect(await complaint(new TextEncoder().encode('not a model, but text'))).toBe(
      'expected a PyTorch, safetensors or ONNX file, got a text that begins with "not a model, but text"',
    )
  })
})

describe('arithmetic of a constant on the images', () => {
  const first = (opType: string): Written<OnnxNode> => ({
    opType,
    name: opType,
    input: [opType === 'Sub' ? 'x' : 's', opType],
    output: [opType === 'Sub' ? 's' : 'n'],
  })
  /** (x − mean) / std in front of the network. */
  const normalised = (mean: number, std: number): Uint8Array =>
    model({
      node: [first('Sub'), first('Div'), { ...conv, input: ['n', 'w'] }, ...tail],
      initializer: [
        ...initializer,
        tensor('Sub', [1], Float32Array.of(mean)),
        tensor('Div', [1], Float32Array.of(std)),
      ],
    })

  it.each([
    ['a mean and a std', 33.3, 78.6],
    ['a division by 255', 0, 255],
    ['a mean alone', 103.9, 1],
  ])('in the units of pixels is refused: %s', async (_title, mean, std) => {
    expect(await complaint(normalised(mean, std))).toMatch(
      /^expected a network for images in \[0, 1\] in operator \w+ .*, got one for pixels from 0 to 255 \(mean /,
    )
  })

  it.each([
    ['that multiplies by 255', 0, 1 / 255],
    ['as usual', 0.1307, 0.3081],
    ['that is no normalisation', -0.25, 2],
  ])('%s is read', async (_title, mean, std) => {
    expect(await complaint(normalised(mean, std))).toBe('none')
  })
})
