/** The student is made smaller: when, for later stages, and after an interruption. */
import { isLeft } from 'fp-ts/lib/Either.js'
import { take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { tf } from '../../src/engine/tf.js'
import { readSafetensors } from '../../src/io/checkpoints/safetensors.js'
import { countsOf } from '../../src/models/parameters/counts.js'
import { admmMask } from '../../src/operators/admmMask.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { exportModel } from '../../src/operators/exportModel.js'
import { initialise } from '../../src/operators/initialise.js'
import { learnedMask } from '../../src/operators/learnedMask.js'
import { magnitudePrune } from '../../src/operators/magnitudePrune.js'
import { proximalMask } from '../../src/operators/proximalMask.js'
import { shrink } from '../../src/operators/shrink.js'
import { train } from '../../src/operators/train.js'
import { imagesOf } from '../../src/training/network/images.js'
import type { Student } from '../../src/training/network/network.js'
import {
  collect,
  type FakeRun,
  fakeRun,
  memory,
  normalisedNet,
  type Saved,
  tinyData,
  tinyNet,
  turns,
} from '../support/context.js'
import { nonEmpty } from '../support/expectEvery.js'
import { distance } from '../support/numbers.js'
import { hashOf, lentSteps, weightsOf } from '../support/steps.js'

/** Relative to the largest logit. */
const TOLERANCE = 1e-5

const logitsOf = (student: Student): readonly number[] =>
  tf.tidy(() => {
    const images = imagesOf(tinyData.test, tinyData.shape, Uint32Array.of(0, 1, 2))
    return Array.from(student.logits(images).dataSync())
  })

const sizesOf = ({ events }: FakeRun) => events.flatMap((event) => (event.type === 'sizes' ? [event.sizes] : []))

const latencyOf = ({ events }: FakeRun) => events.flatMap((event) => (event.type === 'latency' ? [event.latency] : []))

const stages = (fake: FakeRun, saved?: Saved) =>
  lentSteps(fake, 8, saved).pipe(
    initialise(normalisedNet),
    crossEntropy(),
    magnitudePrune({ pattern: 'filter', rate: 2, exclude: ['fc'], epochs: 0, retrainEpochs: 1 }),
    shrink(),
  )

describe('shrink', () => {
  it('makes the student smaller when training is done: the same function, freed at the end', async () => {
    const before = memory()
    const fake = fakeRun()
    const students = await collect(stages(fake), ({ student }) => ({
      student,
      logits: logitsOf(student),
      net: student.architecture,
    }))
    const { student, logits, net } = students.at(-1) ?? { student: undefined, logits: [], net: normalisedNet }
    // Steps during training are those of the whole network.
    expect(net).toBe(normalisedNet)
    if (!student) throw new Error('no steps')
    expect(student.architecture.name).toBe('tiny normalised, shrunk')
    expect(distance(logitsOf(student), logits)).toBeLessThan(TOLERANCE)
    const [sizes, ...others] = sizesOf(fake)
    expect(others).toEqual([])
    const [latency] = latencyOf(fake)
    for (const { layers } of nonEmpty(latency ? [latency.before, latency.after] : []))
      expect(layers.map(({ layer }) => layer)).toEqual(expect.arrayContaining(['conv1', 'conv2', 'shortcut.0', 'fc']))
    expect(latency?.images).toBeGreaterThan(0)
    const total = (figure: 'parameters' | 'flops', of: 'before' | 'after') =>
      sizes?.[of].reduce((sum, layer) => sum + layer[figure], 0)
    expect({ parameters: total('parameters', 'before'), flops: total('flops', 'before') }).toEqual(
      countsOf(normalisedNet),
    )
    expect({ parameters: total('parameters', 'after'), flops: total('flops', 'after') }).toEqual(
      countsOf(student.architecture),
    )
    expect(countsOf(student.architecture).parameters).toBeLessThan(0.8 * countsOf(normalisedNet).parameters)
    fake.end()
    await turns()
    expect(memory()).toEqual(before)
  })

  it('makes the same network if the run was interrupted after its training', async () => {
    const fake = fakeRun()
    const [whole] = (await collect(stages(fake), ({ student }) => student)).slice(-1)
    const hash = whole && hashOf(weightsOf(whole))
    const saved = fake.save()
    fake.end()
    const again = fakeRun({ saved })
    const [resumed] = (await collect(stages(again, saved), ({ student }) => student)).slice(-1)
    expect(resumed && hashOf(weightsOf(resumed))).toBe(hash)
    expect(sizesOf(again)).toEqual(sizesOf(fake))
    again.end()
  })

  it('makes a pruned network smaller before it is trained further, and a resumed run continues with that', async () => {
    const pruned = fakeRun()
    const [state] = (
      await collect(
        lentSteps(pruned).pipe(
          initialise(tinyNet),
          crossEntropy(),
          admmMask({ pattern: 'filter', rate: 2, exclude: ['fc2'], epochs: 0, retrainEpochs: 1 }),
        ),
        () => pruned.save(),
      )
    ).slice(-1)
    pruned.end()
    const student = state?.states.student ?? { arrays: {}, values: {} }
    const further = (fake: FakeRun, saved?: Saved) =>
      lentSteps(fake, 8, saved).pipe(initialise(tinyNet), shrink(), crossEntropy(), train({ epochs: 2 }))
    const start: Saved = { states: { student }, position: { epoch: 0, batch: 0 } }
    const seen = (each: { readonly student: Student }) => ({
      name: each.student.architecture.name,
      weights: hashOf(weightsOf(each.student)),
    })
    const straight = fakeRun({ saved: start })
    const whole = await collect(further(straight, start), seen)
    expect(new Set(whole.map(({ name }) => name))).toEqual(new Set(['tiny, shrunk']))
    straight.end()

    const stopped = fakeRun({ saved: start })
    const until = (await collect(further(stopped, start).pipe(take(4)), () => stopped.save())).at(-1)
    stopped.end()
    const resumed = fakeRun(until ? { saved: until } : {})
    const rest = await collect(further(resumed, until), seen)
    expect(rest).toEqual(whole.slice(4))
    expect(sizesOf(resumed)).toEqual(sizesOf(straight))
    // Measured by the run that made it smaller, and reported again.
    expect(latencyOf(resumed)).toEqual(latencyOf(stopped))
    resumed.end()
  })

  it.each([
    ['admmMask', admmMask],
    ['magnitudePrune', magnitudePrune],
    ['proximalMask', proximalMask],
    ['learnedMask', learnedMask],
  ] as const)('comes to the budget that %s was given', async (_name, mask) => {
    for (const budget of ['flops', 'parameters'] as const) {
      const fake = fakeRun()
      const rate = { budget, keep: 0.5 }
      const pruned = lentSteps(fake).pipe(
        initialise(normalisedNet),
        crossEntropy(),
        mask({ pattern: 'channel', rate, epochs: 1, retrainEpochs: 1 }),
      )
      const students = await collect(pruned.pipe(shrink()), ({ student }) => student)
      const net = students.at(-1)?.architecture ?? normalisedNet
      expect(countsOf(net)[budget]).toBeLessThanOrEqual(0.5 * countsOf(normalisedNet)[budget])
      fake.end()
    }
  })

  it('exports the smaller network', async () => {
    const fake = fakeRun()
    await collect(
      stages(fake).pipe(exportModel('small.safetensors'), exportModel('small.onnx'), exportModel('small.int8.onnx')),
      () => undefined,
    )
    fake.end()
    const content = fake.artifacts.get('small.safetensors')
    const read = content instanceof Uint8Array ? readSafetensors(content, 'small.safetensors') : undefined
    if (!read || isLeft(read)) throw new Error('no safetensors')
    expect(read.right.metadata.architecture).toBe('tiny normalised, shrunk')
    const numbers = [...read.right.tensors.values()].reduce((sum, { data }) => sum + data.length, 0)
    const [sizes] = sizesOf(fake)
    expect(4 * numbers).toBe(sizes?.after.reduce((sum, { bytes }) => sum + bytes, 0))
    expect([...fake.artifacts.keys()]).toEqual(expect.arrayContaining(['small.onnx', 'small.int8.onnx']))
  })
})

describe('a rate that leaves a layer without a filter', () => {
  it.each([
    ['filter', 5, 'a rate of at most 4 for "conv1", which leaves one filter'],
    ['column', 10, 'a rate of at most 9 for "conv1", which leaves one column'],
  ] as const)('is refused before training, with the largest that does not: %s %d', async (pattern, rate, expected) => {
    for (const mask of [admmMask, magnitudePrune]) {
      const fake = fakeRun()
      const stream = lentSteps(fake).pipe(initialise(normalisedNet), crossEntropy(), mask({ pattern, rate, epochs: 1 }))
      await expect(collect(stream, () => undefined)).rejects.toMatchObject({
        error: { _tag: 'OptionError', expected, actual: `${rate}` },
      })
      fake.end()
    }
  })
})
