/** A network that is asked in code, and the same network as a black box of another program. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encode } from 'fast-png'
import { InferenceSession, Tensor } from 'onnxruntime-web'
import { describe, expect, it } from 'vitest'
import { autoAttack } from '../../../src/attacks/autoAttack.js'
import { pgd } from '../../../src/attacks/pgd.js'
import { square } from '../../../src/attacks/square/square.js'
import { valueOf } from '../../../src/dsl/errors.js'
import { tf } from '../../../src/engine/tf.js'
import { encodeOnnx } from '../../../src/io/checkpoints/onnx/encodeOnnx.js'
import { encodeSafetensors } from '../../../src/io/checkpoints/safetensors.js'
import { stream } from '../../../src/math/random.js'
import { architecture } from '../../../src/models/architecture/architecture.js'
import { describeArchitecture } from '../../../src/models/architecture/description.js'
import { conv2d, flatten, linear, relu } from '../../../src/models/layers/layers.js'
import { parameterCount } from '../../../src/models/parameters/parameters.js'
import { unpackWeights } from '../../../src/models/parameters/weights.js'
import { blackBox } from '../../../src/runtime/ask/blackBox.js'
import { loadNetwork } from '../../../src/runtime/ask/loadNetwork.js'
import { temporaryFolder } from '../fakes.js'

const input = { height: 4, width: 4, channels: 3 }
const tiny = architecture('tiny', input, [
  conv2d('conv', { out: 4, kernel: 3 }),
  relu(),
  flatten(),
  linear('fc', { out: 3 }),
])
const random = stream(7, 'tiny')
const weights = Float32Array.from({ length: parameterCount(tiny) }, () => random.normal() * 0.5)
const images = Float32Array.from({ length: 12 * 48 }, () => random.uniform())

const tinyFile = (): string => {
  const file = join(temporaryFolder(), 'tiny.safetensors')
  const metadata = { description: describeArchitecture(tiny) }
  writeFileSync(file, valueOf(encodeSafetensors(unpackWeights(tiny, weights), metadata)))
  return file
}

const picture = (name: string, width: number, height: number): string => {
  const file = join(temporaryFolder(), name)
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37) % 256)
  writeFileSync(file, encode({ width, height, data, channels: 3 }))
  return file
}

/** The class that a network sees in each image: with these labels, all of them are correct. */
const seenIn = (logits: ArrayLike<number>): readonly number[] =>
  Array.from({ length: logits.length / 3 }, (_, row) => {
    const values = Array.from(logits).slice(row * 3, row * 3 + 3)
    return values.indexOf(Math.max(...values))
  })

describe('loadNetwork', () => {
  it('returns logits of tensors, of numbers and of bytes', async () => {
    const net = await loadNetwork(tinyFile())
    expect(net).toMatchObject({ input, labels: ['0', '1', '2'], warnings: [] })
    const two = images.slice(0, 96)
    const found = net.logits(two)
    const tensor = tf.tensor4d(two, [2, 4, 4, 3])
    const same = net.logits(tensor)
    expect(found.shape).toEqual([2, 3])
    expect(Array.from(same.dataSync())).toEqual(Array.from(found.dataSync()))
    const bytes = net.logits(new Uint8Array(48).fill(255))
    const white = net.logits(new Float32Array(48).fill(1))
    expect(Array.from(bytes.dataSync())).toEqual(Array.from(white.dataSync()))
    tf.dispose([found, tensor, same, bytes, white])
    net.dispose()
  })

  it('classifies a picture, also of another size, by the names of the classes', async () => {
    const net = await loadNetwork(tinyFile(), { labels: ['cat', 'dog', 'owl'] })
    const guesses = await net.classify(picture('same.png', 4, 4))
    expect(new Set(guesses.map(({ label }) => label))).toEqual(new Set(['cat', 'dog', 'owl']))
    expect(guesses.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6)
    expect(guesses.map(({ probability }) => probability)).toEqual(
      guesses.map(({ probability }) => probability).toSorted((a, b) => b - a),
    )
    const pixels = Uint8Array.from({ length: 48 }, (_, i) => (i * 37) % 256)
    const logits = net.logits(pixels)
    expect(guesses[0]?.class).toBe(seenIn(logits.dataSync())[0])
    logits.dispose()
    expect(await net.classify(picture('larger.png', 16, 9))).toHaveLength(3)
    net.dispose()
  })

  it('is attacked as attackEval does, and returns what broke each example', async () => {
    const net = await loadNetwork(tinyFile())
    const logits = net.logits(images)
    const labels = seenIn(logits.dataSync()).map((label, row) => (row === 0 ? (label + 1) % 3 : label))
    logits.dispose()
    const report = await net.attack(
      autoAttack({ epsilon: 0.2, version: [pgd({ epsilon: 0.2, steps: 5, stepSize: 0.1 })] }),
      images,
      labels,
    )
    expect(report).toMatchObject({ examples: 12, clean: 11 / 12 })
    expect(report.robust).toBeLessThan(report.clean)
    expect(report.outcomes.map(({ index }) => index)).toEqual(Array.from({ length: 12 }, (_, i) => i))
    expect(report.outcomes[0]).toMatchObject({ brokenBy: 'clean' })
    const after = net.logits(report.adversarial)
    const right = seenIn(after.dataSync()).filter((label, row) => label === labels[row]).length
    after.dispose()
    expect(right / 12).toBeCloseTo(report.robust, 9)
    net.dispose()
  })

  it.each([
    ['images of another size', () => [new Float32Array(47), [0]], /48 values each/],
    ['numbers outside the range', () => [new Float32Array(48).fill(2), [0]], /images in \[0, 1\], got 2/],
    ['fewer labels than images', () => [new Uint8Array(96), [0]], /2 labels, one for each image/],
    ['a class that is not there', () => [new Uint8Array(48), [3]], /from 0 to 2, got 3/],
  ] as const)('refuses %s', async (_name, given, message) => {
    const net = await loadNetwork(tinyFile())
    const [wrong, labels] = given()
    expect(() => net.attack(square({ epsilon: 0.1 }), wrong as Float32Array, labels as number[])).toThrow(message)
    net.dispose()
  })

  it('refuses another number of labels than classes', async () => {
    await expect(loadNetwork(tinyFile(), { labels: 'cifar10' })).rejects.toThrow(/3 labels, one for each class, got 10/)
  })
})

describe('a black box', () => {
  const attack = square({ epsilon: 0.2, queries: 40, restarts: 2 })

  it('is attacked by Square through its answers alone, with what Square finds on the same network', async () => {
    const net = await loadNetwork(tinyFile())
    const logits = net.logits(images)
    const labels = seenIn(logits.dataSync())
    logits.dispose()
    const asked: number[] = []
    const box = blackBox({
      input,
      classes: 3,
      logits: async (some, [count]) => {
        asked.push(count)
        const answer = net.logits(Float32Array.from(some))
        const values = answer.dataSync().slice()
        answer.dispose()
        return values
      },
    })
    const wanted = await net.attack(attack, images, labels, { batchSize: 5, seed: 3 })
    const found = await box.attack(attack, images, labels, { batchSize: 5, seed: 3 })
    expect(found.robust).toBeLessThan(1)
    expect(found.outcomes.map(({ brokenBy }) => brokenBy)).toEqual(wanted.outcomes.map(({ brokenBy }) => brokenBy))
    expect(Array.from(found.adversarial)).toEqual(Array.from(wanted.adversarial))
    expect(Math.max(...asked)).toBe(5)
    net.dispose()
  })

  it('may be a session of ONNX Runtime', async () => {
    const net = await loadNetwork(tinyFile())
    const session = await InferenceSession.create(valueOf(encodeOnnx(tiny, weights, new Float32Array(), 'tiny.onnx')))
    const [name = '', output = ''] = [...session.inputNames, ...session.outputNames]
    const box = blackBox({
      input,
      classes: 3,
      layout: 'NCHW',
      labels: ['cat', 'dog', 'owl'],
      logits: async (some, dims) => {
        const answer = (await session.run({ [name]: new Tensor('float32', some, [...dims]) }))[output]?.data
        return answer instanceof Float32Array ? answer : []
      },
    })
    const own = net.logits(images)
    const other = await box.logits(images)
    for (const [i, value] of own.dataSync().entries()) expect(other[i]).toBeCloseTo(value, 4)
    const { clean, robust } = await box.attack(attack, images, seenIn(other))
    expect(clean).toBe(1)
    expect(robust).toBeLessThan(1)
    const file = picture('same.png', 4, 4)
    expect((await box.classify(file))[0]?.class).toBe((await net.classify(file))[0]?.class)
    own.dispose()
    net.dispose()
    await session.release()
  })

  const constant = (answer: readonly number[]) => blackBox({ input, classes: 3, logits: () => answer })

  it('refuses attacks that need gradients, and answers that are no logits', async () => {
    await expect(
      constant([1, 0, 0]).attack(pgd({ epsilon: 0.1, steps: 1, stepSize: 0.1 }), new Uint8Array(48), [0]),
    ).rejects.toThrow(/an attack that uses logits alone.*got pgd/)
    await expect(constant([1, 0]).logits(new Uint8Array(48))).rejects.toThrow(/3 logits, 3 for each of 1 images, got 2/)
    await expect(constant([1, 0, Number.NaN]).logits(new Uint8Array(48))).rejects.toThrow(/finite logits, got NaN/)
  })

  it('ends early by its signal', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(constant([1, 0, 0]).attack(attack, new Uint8Array(48), [0], { signal })).rejects.toThrow('enough')
  })
})
