/** What reading an ONNX file may cost: counted, not timed. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeError } from '../../../../src/dsl/errors.js'
import {
  dataTypes,
  decodeModel,
  EXTERNAL,
  type OnnxNode,
  type OnnxTensor,
  type Written,
} from '../../../../src/io/checkpoints/onnx/graph/messages.js'
import { TensorReader } from '../../../../src/io/checkpoints/onnx/graph/tensorReader.js'
import { readGraph } from '../../../../src/io/checkpoints/onnx/readGraph.js'
import { readOnnx } from '../../../../src/io/checkpoints/onnx/readOnnx.js'
import { ReadBudget } from '../../../../src/io/files/readBudget.js'
import { temporaryFolder } from '../../../runtime/fakes.js'
import { conv, graph, initializer, model, tail, tensor, value } from './smallModel.js'

const MIB = 2 ** 20

/** The error of a file, or `none`; and the budget after it was read. */
const cost = async (bytes: Uint8Array, file = 'net.onnx') => {
  const budget = new ReadBudget(bytes.length)
  const read = await readOnnx(bytes, file, 'test', budget)()
  return { error: isLeft(read) ? describeError(read.left) : 'none', ...budget.spent }
}

/** Nodes in a row, before the small model. */
const chain = (count: number, node: (i: number) => Written<OnnxNode>): readonly Written<OnnxNode>[] => [
  ...Array.from({ length: count }, (_, i) => ({ name: `n${i}`, output: [`v${i + 1}`], ...node(i) })),
  { ...conv, input: [`v${count}`, 'w'] },
  ...tail,
]

const ofChain = (count: number): Uint8Array =>
  model({
    node: chain(count, (i) => ({ opType: 'Relu', input: [`v${i}`] })),
    input: [value('v0', [1, 1, 4, 4])],
  })

describe('many nodes', () => {
  it('are looked at a fixed number of times each', () => {
    const looksAt = (count: number): number => {
      const bytes = ofChain(count)
      const budget = new ReadBudget(bytes.length)
      const read = decodeModel(bytes, budget)
      let looks = 0
      const node = (read.graph?.node ?? []).map((each) => {
        const { output } = each
        return Object.defineProperty({ ...each }, 'output', {
          get: () => {
            looks++
            return output
          },
        })
      })
      const counted = { ...read, graph: read.graph && { ...read.graph, node } }
      readGraph(counted, new TensorReader('net.onnx', budget), budget)
      return looks / count
    }
    const [few, many] = [looksAt(100), looksAt(2000)]
    expect(few).toBeGreaterThan(0)
    expect(many).toBeLessThanOrEqual(few)
  })

  it('may be 20,000, and take memory in proportion', async () => {
    const { error, bytes } = await cost(ofChain(20_000))
    expect(error).toBe('none')
    expect(bytes).toBeLessThan(64 * MIB)
    expect(bytes / (await cost(ofChain(2_000))).bytes).toBeCloseTo(10, 0)
  })

  it('may be functions in a long row, which become layers on the way', async () => {
    const tanh = (count: number): Uint8Array =>
      model({
        node: chain(count, (i) => ({ opType: 'Tanh', input: [`v${i}`] })),
        input: [value('v0', [1, 1, 4, 4])],
      })
    const { error, steps } = await cost(tanh(8000))
    expect(error).toBe('none')
    expect(steps / (await cost(tanh(800))).steps).toBeCloseTo(10, 0)
  })

  it('may all want the name of one tensor', async () => {
    const bytes = model({
      node: chain(3000, (i) => ({ opType: 'Conv', input: [`v${i}`, 'one.weight'] })),
      input: [value('v0', [1, 1, 4, 4])],
      initializer: [...initializer, tensor('one.weight', [1, 1, 1, 1])],
    })
    const read = await readOnnx(bytes, 'net.onnx', 'test')()
    if (isLeft(read)) throw new Error(describeError(read.left))
    expect([...read.right.tensors.keys()].filter((name) => name.startsWith('one')).slice(-1)).toEqual([
      'one-3000.weight',
    ])
  })

  it('that are empty are refused before they are made', async () => {
    const empty = Uint8Array.from({ length: 2 * MIB }, (_, i) => (i % 2 === 0 ? 0x0a : 0))
    const length = [
      (empty.length & 127) | 128,
      ((empty.length >> 7) & 127) | 128,
      ((empty.length >> 14) & 127) | 128,
      empty.length >> 21,
    ]
    const { error, bytes, mostBytes } = await cost(Uint8Array.from([0x08, 8, 0x3a, ...length, ...empty]))
    expect(error).toContain('for the nodes of its graph')
    expect(bytes).toBeLessThanOrEqual(mostBytes)
  })
})

describe('a few bytes', () => {
  it('can’t double a list forty times', async () => {
    const doubling = chain(40, (i) => ({
      opType: 'Concat',
      input: [`v${i}`, `v${i}`],
      attribute: [{ name: 'axis', i: 0, type: 2 }],
    }))
    const { error, bytes, steps } = await cost(
      model({ node: doubling, initializer: [...initializer, tensor('v0', [1])] }),
    )
    expect(error).toContain(
      'expected at most 1024 computed numbers in operator Concat (node "n10", opset 17), got 2048',
    )
    expect(bytes).toBeLessThan(MIB)
    expect(steps).toBeLessThan(MIB)
  })

  it('can’t double channels forty times, or add 10¹² of zeros', async () => {
    const attribute = [{ name: 'axis', i: 1, type: 2 }]
    const doubling = model({
      node: chain(40, (i) => ({ opType: 'Concat', input: [`v${i}`, `v${i}`], attribute })),
      input: [value('v0', [1, 1, 4, 4])],
    })
    const pads = { ...tensor('pads', [8]), dataType: dataTypes.int64, rawData: new Uint8Array(64) }
    new DataView(pads.rawData.buffer).setBigInt64(8, 10n ** 12n, true)
    const zeros = model({
      node: chain(1, () => ({ opType: 'Pad', input: ['v0', 'pads'] })),
      initializer: [...initializer, pads],
      input: [value('v0', [1, 1, 4, 4])],
    })
    const alternating = model({
      node: chain(30, (i) =>
        i % 2 === 0
          ? { opType: 'Concat', input: [`v${i}`, `v${i}`], attribute }
          : { opType: 'Slice', input: [`v${i}`, 'zero', 'many', 'axis', 'steps'] },
      ),
      initializer: [
        ...initializer,
        ...(['zero', 'many', 'axis', 'steps'] as const).map((name, i) => {
          const number = { ...tensor(name, [1]), dataType: dataTypes.int64, rawData: new Uint8Array(8) }
          new DataView(number.rawData.buffer).setBigInt64(0, [-1n, -(2n ** 62n), 1n, -1n][i] ?? 0n, true)
          return number
        }),
      ],
      input: [value('v0', [1, 2 ** 20, 1, 1])],
    })
    for (const bytes of [doubling, zeros, alternating]) {
      const { error, bytes: spent, mostBytes } = await cost(bytes)
      expect(error).toMatch(/MiB or more, for (its channels|the order of its channels)/)
      expect(spent).toBeLessThanOrEqual(mostBytes)
    }
  })

  it('can’t move the axes of large images, or those of small ones thousands of times', async () => {
    const attribute = [{ name: 'perm', ints: [0, 1, 3, 2], type: 7 }]
    const turned = (count: number, side: number): Uint8Array =>
      model({
        node: chain(count, (i) => ({ opType: 'Transpose', input: [`v${i}`], attribute })),
        input: [value('v0', [1, 1, side, side])],
      })
    for (const [count, side] of [
      [1, 20_000],
      [4000, 200],
    ] as const) {
      const { error, bytes, mostBytes } = await cost(turned(count, side))
      expect(error).toContain('for the order of its activations')
      expect(bytes).toBeLessThanOrEqual(mostBytes)
    }
  })

  it('can’t list the pixels of a large image', async () => {
    const list = model({ input: [value('x', [1, 10 ** 10])] })
    expect((await cost(list)).error).toContain('for the order of its activations')
  })

  it('can’t scale 2·10⁸ channels', async () => {
    const scale = { opType: 'Mul', name: 'scale', input: ['x', 's'], output: ['z'] }
    const { error, bytes, mostBytes } = await cost(
      model({
        node: [scale, { ...conv, input: ['z', 'w'] }, ...tail],
        input: [value('x', [1, 2e8, 4, 4])],
        initializer: [...initializer, tensor('s', [])],
      }),
    )
    expect(error).toMatch(/read with at most 513 MiB of memory, got one that needs 1526 MiB or more, for the scales/)
    expect(bytes).toBeLessThan(mostBytes)
  })

  it('can’t scale some channels many thousand times', async () => {
    const scaling = chain(20_000, (i) => ({ opType: 'Mul', input: [`v${i}`, 's'] }))
    const { error } = await cost(
      model({
        node: scaling,
        input: [value('v0', [1, 10_000, 4, 4])],
        initializer: [...initializer, tensor('s', [])],
      }),
    )
    expect(error).toContain('for the scales of its channels')
  })

  it('can’t stand for 2²⁹ numbers', async () => {
    const huge = { name: 's', dims: [2 ** 29], dataType: dataTypes.float }
    const { error, bytes } = await cost(
      model({
        node: [
          { opType: 'Add', name: 'shift', input: ['x', 's'], output: ['z'] },
          { ...conv, input: ['z', 'w'] },
          ...tail,
        ],
        initializer: [...initializer, huge],
      }),
    )
    expect(error).toContain('expected 536870912 numbers for tensor "s" of shape [536870912], got 0')
    expect(bytes).toBeLessThan(MIB)
  })

  it('can’t make a bias for outputs without weights', async () => {
    const { error, bytes } = await cost(model({ initializer: [tensor('w', [2, 1, 3, 3]), tensor('m', [0, 2 ** 30])] }))
    expect(error).toContain('expected a matrix of weights in operator Gemm')
    expect(bytes).toBeLessThan(MIB)
  })

  it('can’t use another file more often than its size allows', async () => {
    const [folder, rows, columns] = [temporaryFolder(), 2 ** 11, 2 ** 12]
    writeFileSync(join(folder, 'w.bin'), new Uint8Array(4 * rows * columns))
    const external = (name: string, dims: readonly number[]): Written<OnnxTensor> => ({
      name,
      dims,
      dataType: dataTypes.float,
      dataLocation: EXTERNAL,
      externalData: [{ key: 'location', value: 'w.bin' }],
    })
    const times = (count: number): Uint8Array =>
      model({
        node: [
          { opType: 'Flatten', name: 'flat', input: ['x'], output: ['v0'] },
          ...Array.from({ length: count }, (_, i) => ({
            opType: 'Gemm',
            name: `n${i}`,
            input: [`v${i}`, i % 2 === 0 ? 'wide' : 'narrow'],
            output: [`v${i + 1}`],
          })),
        ],
        input: [value('x', [1, 1, 32, 64])],
        output: [value(`v${count}`, [1, columns])],
        initializer: [external('wide', [rows, columns]), external('narrow', [columns, rows])],
      })
    // A tensor of 32 MiB: once in memory, and once for each layer that it becomes.
    const few = await cost(times(15), join(folder, 'net.onnx'))
    expect(few.error).toBe('none')
    expect(Math.round(few.bytes / (32 * MIB))).toBe(16)
    const many = await cost(times(31), join(folder, 'net.onnx'))
    expect(many.error).toMatch(/got one that needs \d+ MiB or more, for weight of/)
    expect(many.bytes).toBeLessThanOrEqual(many.mostBytes)
  })
})

it('a usual network costs a small part of the budget', async () => {
  const { error, bytes, steps, mostBytes, mostSteps } = await cost(model())
  expect(graph.node).toHaveLength(4)
  expect(error).toBe('none')
  expect(bytes / mostBytes).toBeLessThan(1e-3)
  expect(steps / mostSteps).toBeLessThan(1e-3)
})
