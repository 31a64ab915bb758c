/** The stages that load, make and export networks: `loadTeacher`, `initialise`, `exportModel`. */

import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isLeft, left, right } from 'fp-ts/lib/Either.js'
import { map, type Observable, type OperatorFunction, take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { describeError } from '../../src/dsl/errors.js'
import type { Step } from '../../src/dsl/step.js'
import { tf } from '../../src/engine/tf.js'
import { decodeModel, encodeModel } from '../../src/io/checkpoints/onnx/graph/messages.js'
import { readSafetensors } from '../../src/io/checkpoints/safetensors.js'
import { type Architecture, architecture, withClasses } from '../../src/models/architecture/architecture.js'
import { describeArchitecture as describeNetwork } from '../../src/models/architecture/description.js'
import { conv2d, flatten, linear, relu } from '../../src/models/layers/layers.js'
import { withNormalisation } from '../../src/models/parameters/normalisation.js'
import { parameterCount, parametersOf } from '../../src/models/parameters/parameters.js'
import { freshStatistics } from '../../src/models/parameters/statistics.js'
import { packNetwork } from '../../src/models/parameters/weights.js'
import { resnet18 } from '../../src/models/zoo/resnet.js'
import { mnistNet } from '../../src/models/zoo/zoo.js'
import { admmMask } from '../../src/operators/admmMask.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { distill } from '../../src/operators/distill.js'
import { exportModel } from '../../src/operators/exportModel.js'
import { initialise } from '../../src/operators/initialise.js'
import { type LoadTeacherOptions, loadTeacher } from '../../src/operators/loadTeacher.js'
import { train } from '../../src/operators/train.js'
import { imagesOf } from '../../src/training/network/images.js'
import type { Network, Student } from '../../src/training/network/network.js'
import { temporaryFolder } from '../runtime/fakes.js'
import {
  collect,
  type FakeRun,
  fakeRun,
  memory,
  noiseData,
  normalisedNet,
  tinyData,
  tinyNet,
  turns,
} from '../support/context.js'
import { expectEvery, nonEmpty } from '../support/expectEvery.js'
import { checkpointFile, hashOf, lentSteps, runningOf, teacherFile, weightsOf } from '../support/steps.js'

/** The error of a stream; asserts that no tensors remain. */
const refusal = async (stages: (fake: FakeRun) => Observable<Step>, fake = fakeRun()): Promise<unknown> => {
  const before = memory()
  const thrown = await collect(stages(fake), () => undefined).catch((error: unknown) => error)
  fake.end()
  await turns()
  expect(memory()).toEqual(before)
  return thrown
}

/** An artifact of a run as a file, for a later run. */
const artifactFile = (fake: FakeRun, name: string): string => {
  const content = fake.artifacts.get(name)
  if (!(content instanceof Uint8Array)) throw new Error(`no bytes of ${name} were written`)
  const file = join(temporaryFolder(), name)
  writeFileSync(file, content)
  return file
}

const stateOf = (student: Student) => ({
  description: JSON.parse(describeNetwork(student.architecture)),
  weights: weightsOf(student),
  statistics: runningOf(student),
  mask: student.mask,
})

const readBack = (content: Uint8Array | string | undefined) => {
  if (!(content instanceof Uint8Array)) throw new Error('no bytes were written')
  const read = readSafetensors(content, 'test')
  if (isLeft(read)) throw new Error(describeError(read.left))
  return read.right
}

describe('loadTeacher', () => {
  it('adds a constant teacher and a student that is trained from the same weights', async () => {
    const fake = fakeRun()
    const stream = lentSteps(fake).pipe(
      loadTeacher(teacherFile(), { architecture: tinyNet }),
      distill(),
      crossEntropy(),
      train({ epochs: 1 }),
    )
    const seen = await collect(stream, ({ teacher, student }) => [
      hashOf(Float32Array.from(teacher.weights.dataSync())),
      hashOf(weightsOf(student)),
    ])
    fake.end()
    expect(new Set(seen.map(([teacher]) => teacher)).size).toBe(1)
    expect(new Set(seen.flat()).size).toBe(4)
  })

  it('reads the file once per run', async () => {
    const file = teacherFile()
    const fake = fakeRun()
    const stream = lentSteps(fake).pipe(loadTeacher(file, { architecture: tinyNet }), take(5))
    const students = await collect(stream, ({ student, teacher }) => [student, teacher])
    fake.end()
    expect(students).toHaveLength(5)
    for (const [student, teacher] of students) {
      expect(student).toBe(students[0]?.[0])
      expect(teacher).toBe(students[0]?.[1])
    }
  })

  it('does not read again what a look ahead has read for the same data', async () => {
    const file = teacherFile()
    const stage = loadTeacher(file, { architecture: tinyNet })
    const fake = fakeRun()
    expect(await stage.info.look?.(fake.run.data)()).toMatchObject({ _tag: 'Right' })
    rmSync(file)
    expect(await collect(lentSteps(fake).pipe(stage, take(1)), ({ student }) => weightsOf(student).length)).toEqual([
      parameterCount(tinyNet),
    ])
    fake.end()
    const thrown = await refusal((again) => lentSteps(again).pipe(stage))
    expect(thrown).toMatchObject({ error: { _tag: 'FileError', actual: 'no such file' } })
  })

  it('names the tensor of another architecture, with both shapes', async () => {
    const file = teacherFile()
    const wider = architecture('wider', tinyData.shape, [
      conv2d('conv', { out: 4, kernel: 4, stride: 2, padding: 1 }),
      relu(),
      flatten(),
      linear('fc1', { out: 13 }),
      relu(),
      linear('fc2', { out: 3 }),
    ])
    const thrown = await refusal((fake) => lentSteps(fake).pipe(loadTeacher(file, { architecture: wider })))
    expect(thrown).toMatchObject({ error: { _tag: 'FileError', stage: 'loadTeacher', file } })
    expect(String(thrown)).toContain('"fc1.weight" of shape [12, 64] instead of [13, 64]')
  })

  it('refuses a missing file and one of another kind', async () => {
    const file = join(temporaryFolder(), 'none.pth')
    const load = (fake: FakeRun) => lentSteps(fake).pipe(loadTeacher(file, { architecture: tinyNet }))
    expect(await refusal(load)).toMatchObject({ error: { _tag: 'FileError', stage: 'loadTeacher', file } })
    writeFileSync(file, 'not a checkpoint at all, but text')
    expect(await refusal(load)).toMatchObject({ error: { _tag: 'FileError', stage: 'loadTeacher', file } })
  })

  it('gives both networks the running statistics of the file', async () => {
    const fake = fakeRun()
    const file = teacherFile(normalisedNet)
    const stream = lentSteps(fake).pipe(loadTeacher(file, { architecture: normalisedNet }), take(1))
    const [hashes] = await collect(stream, ({ teacher, student, minibatch }) => [
      hashOf(Float32Array.from(teacher.statistics.dataSync())),
      hashOf(runningOf(student)),
      tf.tidy(() => hashOf(Float32Array.from(teacher.logits(minibatch.images).dataSync()))),
      tf.tidy(() => hashOf(Float32Array.from(student.logits(minibatch.images).dataSync()))),
    ])
    fake.end()
    expect(hashes?.[1]).toBe(hashes?.[0])
    expect(hashes?.[3]).toBe(hashes?.[2])
    expect(hashes?.[0]).not.toBe(hashOf(freshStatistics(normalisedNet)))
  })

  it('refuses a state dict without its running statistics, by name', async () => {
    const { tensors } = readBack(readFileSync(teacherFile(normalisedNet)))
    const file = checkpointFile(new Map([...tensors].filter(([name]) => name !== 'shortcut.1.running_mean')))
    const load = (fake: FakeRun) => lentSteps(fake).pipe(loadTeacher(file, { architecture: normalisedNet }))
    expect(await refusal(load)).toMatchObject({
      error: {
        _tag: 'FileError',
        stage: 'loadTeacher',
        file,
        expected: 'a checkpoint of tiny normalised: its 17 tensors',
        actual: 'no "shortcut.1.running_mean" [6]',
      },
    })
  })

  it('puts the normalisation of its options, or of the file, into both networks, and allows only one', async () => {
    const constants = { mean: [0.25], std: [0.5] }
    const plain = readBack(readFileSync(teacherFile())).tensors
    const own = checkpointFile(
      new Map([
        ...[...plain].map(([name, tensor]) => [`module.1.${name}`, tensor] as const),
        ['module.0.mean', { shape: [1], data: Float32Array.from(constants.mean) }],
        ['module.0.std', { shape: [1], data: Float32Array.from(constants.std) }],
      ]),
    )
    const logits = async (file: string, options: Partial<LoadTeacherOptions> = {}) => {
      const fake = fakeRun()
      const stream = lentSteps(fake).pipe(loadTeacher(file, { architecture: tinyNet, ...options }), take(1))
      const [seen] = await collect(stream, ({ teacher, student, minibatch }) =>
        tf.tidy(() => [teacher, student].map((net) => Array.from(net.logits(minibatch.images).dataSync()))),
      )
      fake.end()
      expect(seen?.[1]).toEqual(seen?.[0])
      return seen?.[0]
    }
    const byFile = await logits(own)
    expect(byFile).toEqual(await logits(teacherFile(), { normalisation: constants }))
    expect(byFile).not.toEqual(await logits(teacherFile()))
    expect(await logits(own, { normalisation: constants })).toEqual(byFile)
    const other = { mean: [0.25], std: [0.25] }
    const load = (fake: FakeRun) =>
      lentSteps(fake).pipe(loadTeacher(own, { architecture: tinyNet, normalisation: other }))
    expect(String(await refusal(load))).toContain(
      'expected a checkpoint of tiny with the normalisation mean 0.25, std 0.25, got mean 0.25, std 0.5',
    )
    expect(() => loadTeacher(own, { architecture: tinyNet, normalisation: { mean: [0], std: [0] } })).toThrow(
      'expected normalisation.std[0] in [0.0039, 1], got 0',
    )
    const without = (fake: FakeRun) =>
      lentSteps(fake).pipe(loadTeacher(own, { architecture: tinyNet, normalisation: 'none' }))
    expect(String(await refusal(without))).toContain(
      'expected a file of a network with no normalisation, got mean 0.25, std 0.5',
    )
    const { config } = loadTeacher(own, { architecture: tinyNet, normalisation: constants }).info
    expect(config).toEqual({ file: own, architecture: 'tiny', normalisation: constants })
  })

  it('a network of the zoo has as many classes as the file', async () => {
    const data = { ...noiseData(8), classes: 7 }
    const file = teacherFile(withClasses(mnistNet, 7))
    const fake = fakeRun({ data })
    const stream = lentSteps(fake).pipe(loadTeacher(file, { architecture: 'mnistNet' }), take(1))
    const [classes] = await collect(stream, ({ student, teacher }) =>
      [student, teacher].map((n) => n.architecture.classes),
    )
    fake.end()
    expect(classes).toEqual([7, 7])
    const load = (run: FakeRun) => lentSteps(run).pipe(loadTeacher(file, { architecture: 'mnistNet' }))
    expect(await refusal(load, fakeRun({ data: noiseData(8) }))).toMatchObject({
      error: { _tag: 'OptionError', expected: '7 classes for mnistNet', actual: '10 (noise)' },
    })
  })

  it('a network of the zoo has the width of the file, and the run reports it', async () => {
    const file = teacherFile(resnet18({ width: 2 }))
    const split = { count: 8, images: new Uint8Array(8 * 3072), labels: new Uint16Array(8) }
    const shape = { height: 32, width: 32, channels: 3 }
    const data = { name: 'CIFAR-10', origin: 'original', classes: 10, shape, train: split, test: split } as const
    const fake = fakeRun({ data })
    const stream = lentSteps(fake).pipe(loadTeacher(file, { architecture: 'resnet18' }), take(1))
    expect(await collect(stream, ({ student }) => student.architecture.name)).toEqual(['resnet18 of width 2'])
    fake.end()
    const parameters = parameterCount(resnet18({ width: 2 }))
    const network = { stage: 'loadTeacher', file, name: 'resnet18 of width 2', classes: 10, parameters }
    expect(fake.events.filter(({ type }) => type === 'network')).toEqual([
      { type: 'network', ...network, normalisation: 'none' },
    ])
    const wider = (run: FakeRun) => lentSteps(run).pipe(loadTeacher(file, { architecture: resnet18({ width: 3 }) }))
    expect(await refusal(wider, fakeRun({ data }))).toMatchObject({
      error: { _tag: 'FileError', expected: 'a checkpoint of resnet18 of width 3: its 102 tensors' },
    })
  })

  it('warns of colour images whose normalisation is stated nowhere, and the run reports which it is', async () => {
    const { tensors } = readBack(readFileSync(teacherFile(resnet18({ width: 2 }))))
    const file = checkpointFile(tensors)
    const split = { count: 8, images: new Uint8Array(8 * 3072), labels: new Uint16Array(8) }
    const shape = { height: 32, width: 32, channels: 3 }
    const data = { name: 'CIFAR-10', origin: 'original', classes: 10, shape, train: split, test: split } as const
    const seen = async (options: LoadTeacherOptions) => {
      const fake = fakeRun({ data })
      await collect(lentSteps(fake).pipe(loadTeacher(file, { architecture: 'resnet18', ...options }), take(1)), () => 0)
      fake.end()
      return fake.events.flatMap((event) => {
        if (event.type === 'network') return [event.normalisation]
        return event.type === 'warning' ? [event.message] : []
      })
    }
    expect(await seen({})).toEqual([expect.stringContaining('does not say how its images were normalised'), 'none'])
    expect(await seen({ normalisation: 'none' })).toEqual(['none'])
    expect(await seen({ normalisation: 'imagenet' })).toEqual(['mean 0.485 0.456 0.406, std 0.229 0.224 0.225'])
    const own = withNormalisation(resnet18({ width: 2 }), 'cifar10')
    expect(await seen({ architecture: own })).toEqual(['mean 0.4914 0.4822 0.4465, std 0.2471 0.2435 0.2616'])
  })

  it('refuses images or classes that do not fit the network', async () => {
    const file = teacherFile()
    const load = (fake: FakeRun) => lentSteps(fake).pipe(loadTeacher(file, { architecture: tinyNet }))
    expect(String(await refusal(load, fakeRun({ data: noiseData(8) })))).toContain(
      'expected images of 8 x 8 x 1 for tiny, got 28 x 28 x 1 (noise)',
    )
    expect(String(await refusal(load, fakeRun({ data: { ...tinyData, classes: 4 } })))).toContain(
      'expected 3 classes for tiny, got 4 (tiny)',
    )
  })

  it('refuses a checkpoint for CIFAR-100 on CIFAR-10, however the network is described', async () => {
    const [ten, hundred] = [resnet18({ width: 2 }), resnet18({ width: 2, classes: 100 })]
    const file = teacherFile(hundred)
    const shape = { height: 32, width: 32, channels: 3 }
    const split = { count: 8, images: new Uint8Array(8 * 3072), labels: new Uint16Array(8) }
    const data = { name: 'CIFAR-10', origin: 'original', classes: 10, shape, train: split, test: split } as const
    const load = (architecture: Architecture) =>
      refusal((fake) => lentSteps(fake).pipe(loadTeacher(file, { architecture })), fakeRun({ data }))
    expect(String(await load(hundred))).toContain('expected 100 classes for resnet18 of width 2, got 10 (CIFAR-10)')
    const other = await load(ten)
    expect(other).toMatchObject({ error: { _tag: 'FileError', stage: 'loadTeacher', file } })
    expect(String(other)).toContain('"linear.weight" of shape [100, 16] instead of [10, 16]')
  })
})

describe('initialise', () => {
  it('draws uniformly within ±1/√fan_in, separately for each layer', async () => {
    const fake = fakeRun({ data: noiseData(8) })
    const stream = lentSteps(fake).pipe(initialise('mnistNet'), take(1))
    const [weights] = await collect(stream, ({ student }) => ({ all: weightsOf(student), net: student.architecture }))
    fake.end()
    const fanIn: Readonly<Record<string, number>> = { '0': 16, '2': 256, '5': 1568, '7': 100 }
    for (const { node, role, offset, size } of nonEmpty(weights ? parametersOf(weights.net) : [])) {
      const bound = 1 / Math.sqrt(fanIn[node] ?? 0)
      const values = [...(weights?.all.subarray(offset, offset + size) ?? [])]
      const largest = Math.max(...values.map(Math.abs).filter((_, i) => i < 10_000))
      // Rounded to float32.
      expect(largest).toBeLessThanOrEqual(bound * (1 + 1e-7))
      if (role === 'bias') continue
      expect(largest).toBeGreaterThan(0.95 * bound)
      // Five standard deviations of the mean of n uniform numbers, which is bound/√(3n).
      const mean = values.reduce((sum, value) => sum + value, 0) / size
      expect(Math.abs(mean)).toBeLessThan((5 * bound) / Math.sqrt(3 * size))
    }
  })

  it('starts batch normalisation as the identity: scale 1, shift 0, mean 0, variance 1', async () => {
    const fake = fakeRun()
    const stream = lentSteps(fake).pipe(initialise(normalisedNet), take(1))
    const [flat = { weights: new Float32Array(0), statistics: undefined }] = await collect(stream, ({ student }) => ({
      weights: weightsOf(student),
      statistics: runningOf(student),
    }))
    fake.end()
    expect(flat.statistics).toEqual(freshStatistics(normalisedNet))
    for (const { role, offset, size, shape } of nonEmpty(parametersOf(normalisedNet))) {
      const values = [...flat.weights.subarray(offset, offset + size)]
      if (role === 'scale' || role === 'shift') expect(values).toEqual(Array(size).fill(role === 'scale' ? 1 : 0))
      if (role !== 'weight') continue
      const bound = 1 / Math.sqrt(size / (shape.at(-1) ?? 1))
      expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(bound * (1 + 1e-7))
      expect(new Set(values).size).toBeGreaterThan(size / 2)
    }
  })

  it('a network of the zoo has as many classes as the data', async () => {
    const fake = fakeRun({ data: { ...noiseData(8), classes: 7 } })
    const stream = lentSteps(fake).pipe(initialise('lenet5'), take(1))
    expect(await collect(stream, ({ student }) => student.architecture.classes)).toEqual([7])
    fake.end()
  })

  it('refuses images or classes that do not fit the network', async () => {
    const fresh = (fake: FakeRun) => lentSteps(fake).pipe(initialise(tinyNet))
    expect(await refusal(fresh, fakeRun({ data: noiseData(8) }))).toMatchObject({
      error: { _tag: 'OptionError', stage: 'initialise', expected: 'images of 8 x 8 x 1 for tiny' },
    })
    expect(await refusal(fresh, fakeRun({ data: { ...tinyData, classes: 4 } }))).toMatchObject({
      error: { _tag: 'OptionError', stage: 'initialise', expected: '3 classes for tiny' },
    })
  })
})

describe('exportModel', () => {
  const exported = async (pattern: 'irregular' | 'filter' | 'column' | 'none') => {
    const before = memory()
    const fake = fakeRun()
    const started = lentSteps(fake).pipe(initialise(tinyNet), crossEntropy())
    const trained =
      pattern === 'none'
        ? started.pipe(train({ epochs: 1 }))
        : started.pipe(admmMask({ pattern, rate: 2, epochs: 1, retrainEpochs: 1, exclude: ['fc2'] }))
    const stream = trained.pipe(exportModel('nets/student.safetensors'))
    const seen = await collect(stream, ({ student }) => ({ weights: weightsOf(student), written: fake.artifacts.size }))
    fake.end()
    await turns()
    expect(memory()).toEqual(before)
    // Nothing is written before training is done.
    expectEvery(seen, ({ written }) => written === 0)
    return { artifacts: fake.artifacts, weights: seen.at(-1)?.weights }
  }

  it.each(['irregular', 'filter', 'column', 'none'] as const)('writes the student: %s', async (pattern) => {
    const { artifacts, weights } = await exported(pattern)
    const file = readBack(artifacts.get('nets/student.safetensors'))
    expect(file.metadata).toMatchObject({ format: 'pt', architecture: 'tiny', description: describeNetwork(tinyNet) })
    expect(Object.keys(file.metadata)).toHaveLength(pattern === 'none' ? 3 : 4)
    const packed = packNetwork('test', 'file', tinyNet, file.tensors)
    if (isLeft(packed)) throw new Error(describeError(packed.left))
    expect(packed.right.weights).toEqual(weights)
    expect(file.tensors.get('conv.weight')?.shape).toEqual([4, 1, 4, 4])
    expect(file.tensors.get('fc1.weight')?.shape).toEqual([12, 64])
  })

  it.each(['irregular', 'filter', 'column'] as const)(
    'writes masks of ones and zeros where weights are: %s',
    async (pattern) => {
      const { artifacts } = await exported(pattern)
      expect([...artifacts.keys()]).toEqual(['nets/student.safetensors', 'nets/student.masks.safetensors'])
      const { tensors } = readBack(artifacts.get('nets/student.safetensors'))
      const masks = readBack(artifacts.get('nets/student.masks.safetensors')).tensors
      expect([...masks.keys()]).toEqual(['conv.weight', 'fc1.weight', 'fc2.weight'])
      for (const [name, mask] of masks) {
        expect(mask.shape).toEqual(tensors.get(name)?.shape)
        const { data = [] } = tensors.get(name) ?? {}
        expect([...mask.data]).toEqual([...data].map((value) => (value === 0 ? 0 : 1)))
        const kept = mask.data.reduce((sum, bit) => sum + bit, 0) / mask.data.length
        expect(kept).toBe(name === 'fc2.weight' ? 1 : 0.5)
      }
    },
  )

  it('writes running statistics under PyTorch’s names, and masks of weights alone', async () => {
    const fake = fakeRun()
    const stream = lentSteps(fake).pipe(
      initialise(normalisedNet),
      crossEntropy(),
      admmMask({ pattern: 'irregular', rate: 2, epochs: 0, retrainEpochs: 1 }),
      exportModel('s.safetensors'),
    )
    const flat = (
      await collect(stream, ({ student }) => ({ weights: weightsOf(student), statistics: runningOf(student) }))
    ).at(-1)
    fake.end()
    const { tensors } = readBack(fake.artifacts.get('s.safetensors'))
    expect(packNetwork('test', 's.safetensors', normalisedNet, tensors)).toEqual(right(flat))
    expect(tensors.get('shortcut.1.running_var')?.shape).toEqual([6])
    expect([...readBack(fake.artifacts.get('s.masks.safetensors')).tensors.keys()]).toEqual([
      'conv1.weight',
      'conv2.weight',
      'shortcut.0.weight',
      'fc.weight',
    ])
  })

  it.each([
    ['net.c', 'net.c'],
    ['board/net.int8.c', 'board/net.int8.c'],
  ])('reports what the C code of %s takes on a device, as its comment states it', async (file, reported) => {
    const fake = fakeRun()
    await collect(lentSteps(fake).pipe(initialise(tinyNet), exportModel(file)), () => undefined)
    fake.end()
    const source = Buffer.from(fake.artifacts.get(file) ?? '').toString('utf8')
    const [, constants, flash] = /Constants: (\d+) bytes; .+ at most (\d+) bytes of flash/.exec(source) ?? []
    const [, scratch, ram] = /Scratch memory: (\d+) bytes; .+ (\d+) bytes of RAM/.exec(source) ?? []
    const [, kept, operations] = /of an image: (\d+); with all weights, (\d+)/.exec(source) ?? []
    const figures = fake.events.flatMap((event) => (event.type === 'device' ? [event.figures] : []))
    expect(figures).toEqual([
      {
        file: reported,
        constants: Number(constants),
        flash: Number(flash),
        scratch: Number(scratch),
        ram: Number(ram),
        operations: Number(operations),
        kept: Number(kept),
      },
    ])
    expect(figures[0]?.kept).toBeGreaterThan(0)
  })

  it('warns of a C file that takes more than the budget it was pruned for', async () => {
    const fake = fakeRun()
    const budgets = ['int8', 'float32'].map((form) => ({ budget: 'flash', bytes: 100, form }) as const)
    for (const budget of budgets)
      await collect(
        lentSteps(fake).pipe(
          initialise(tinyNet),
          map((step) => ({ ...step, budget })),
          exportModel(`${budget.form}.int8.c`),
        ),
        () => undefined,
      )
    fake.end()
    const warnings = fake.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))
    expect(warnings).toEqual([
      expect.stringMatching(/^int8\.int8\.c may take \d+ bytes of flash, more than the budget of 100$/),
    ])
  })

  it('writes the constants of a normalisation, so that the file is read as the same network', async () => {
    const constants = { mean: [0.3], std: [0.6] }
    const train1 = (fake: FakeRun) =>
      lentSteps(fake).pipe(
        loadTeacher(teacherFile(), { architecture: tinyNet, normalisation: constants }),
        distill(),
        train({ epochs: 1 }),
        exportModel('s.safetensors'),
      )
    const fake = fakeRun()
    const images = fake.run.data.test
    const logitsOf = (net: Network) =>
      tf.tidy(() => Array.from(net.logits(imagesOf(images, tinyData.shape, Uint32Array.of(0, 1, 2))).dataSync()))
    const logits = (await collect(train1(fake), ({ student }) => logitsOf(student))).at(-1)
    fake.end()
    const { tensors, metadata } = readBack(fake.artifacts.get('s.safetensors'))
    expect(metadata.architecture).toBe('tiny')
    expect([tensors.get('mu'), tensors.get('sigma')]).toEqual([
      { shape: [1, 1, 1, 1], data: Float32Array.from(constants.mean) },
      { shape: [1, 1, 1, 1], data: Float32Array.from(constants.std) },
    ])
    const again = fakeRun()
    const reread = lentSteps(again).pipe(loadTeacher(checkpointFile(tensors), { architecture: tinyNet }), take(1))
    expect(await collect(reread, ({ teacher }) => logitsOf(teacher))).toEqual([logits])
    again.end()
  })

  it.each(['Softmax', 'LogSoftmax'])(
    'without its last %s, of which a warning says that it was left out',
    async (opType) => {
      const exporting = fakeRun()
      await collect(lentSteps(exporting).pipe(initialise(tinyNet), exportModel('net.onnx')), () => undefined)
      exporting.end()
      const file = artifactFile(exporting, 'net.onnx')
      const { graph, ...model } = decodeModel(readFileSync(file))
      const [{ name: logits = '' } = {}] = graph?.output ?? []
      const last = { opType, name: 'last', input: [logits], output: ['probabilities'] }
      const output = [{ name: 'probabilities' }]
      const ending = join(temporaryFolder(), 'ending.onnx')
      writeFileSync(
        ending,
        encodeModel({ ...model, graph: { ...graph, node: [...(graph?.node ?? []), last], output } }),
      )
      const fake = fakeRun()
      const seen = await collect(lentSteps(fake).pipe(take(1), loadTeacher(ending)), ({ student }) =>
        weightsOf(student),
      )
      const plain = fakeRun()
      const expected = await collect(lentSteps(plain).pipe(take(1), loadTeacher(file)), ({ student }) =>
        weightsOf(student),
      )
      fake.end()
      plain.end()
      expect(seen).toEqual(expected)
      expect(fake.events.filter(({ type }) => type === 'warning')).toEqual([
        {
          type: 'warning',
          stage: 'loadTeacher',
          message: `${ending}: The ${opType} at the network's end was left out: losses and attacks take logits.`,
        },
      ])
      expect(plain.events.filter(({ type }) => type === 'warning')).toEqual([])
    },
  )

  it.each(['student.safetensors', 'student.onnx'])(
    'writes %s so that it is loaded without another word',
    async (name) => {
      const fake = fakeRun()
      const stream = lentSteps(fake).pipe(
        initialise(normalisedNet),
        crossEntropy(),
        admmMask({ pattern: 'irregular', rate: 2, epochs: 0, retrainEpochs: 1 }),
        exportModel(name),
      )
      const trained = (await collect(stream, ({ student }) => stateOf(student))).at(-1)
      fake.end()
      expect([...fake.artifacts.keys()]).toEqual([name, 'student.masks.safetensors'])
      const file = artifactFile(fake, name)
      const later = fakeRun()
      const [loaded] = await collect(lentSteps(later).pipe(loadTeacher(file), take(1)), ({ student }) =>
        stateOf(student),
      )
      later.end()
      // An ONNX file cannot hold masks.
      expect(loaded).toEqual(name.endsWith('.onnx') ? { ...trained, mask: undefined } : trained)
    },
  )

  it('writes several files if nothing trains', async () => {
    const fake = fakeRun()
    const files = ['one.safetensors', 'two.onnx', 'three.int8.onnx'] as const
    const [one, two, three] = files
    const stream = lentSteps(fake).pipe(initialise(tinyNet), exportModel(one), exportModel(two), exportModel(three))
    await collect(stream, () => undefined)
    fake.end()
    expect([...fake.artifacts.keys()]).toEqual(files)
  })

  it('writes a header before each C file, and refuses names that are not names in C', async () => {
    const fake = fakeRun()
    await collect(
      lentSteps(fake).pipe(initialise(tinyNet), exportModel('net.c'), exportModel('net.int8.c')),
      () => undefined,
    )
    fake.end()
    expect([...fake.artifacts.keys()]).toEqual(['net.h', 'net.c', 'net.int8.h', 'net.int8.c'])
    expect(await refusal((other) => lentSteps(other).pipe(initialise(tinyNet), exportModel('my-net.c')))).toMatchObject(
      {
        error: { _tag: 'FileError', stage: 'exportModel', actual: '"my-net.c"' },
      },
    )
  })

  it('writes an untrained network as it is, and refuses one with a loss that no stage minimises', async () => {
    const fake = fakeRun()
    const seen = await collect(lentSteps(fake).pipe(initialise(tinyNet), exportModel('fresh.onnx')), () => undefined)
    fake.end()
    expect([seen.length, ...fake.artifacts.keys()]).toEqual([1, 'fresh.onnx'])
    const untrained = (other: FakeRun) =>
      (lentSteps(other).pipe(initialise(tinyNet), crossEntropy()) as Observable<Step>).pipe(
        exportModel('fresh.onnx') as unknown as OperatorFunction<Step, Step>,
      )
    expect(await refusal(untrained)).toMatchObject({
      error: { _tag: 'OptionError', stage: 'exportModel', actual: 'none' },
    })
  })

  it('keeps pruned weights at zero in plain training of a loaded network', async () => {
    const fake = fakeRun()
    const pruned = lentSteps(fake).pipe(
      initialise(tinyNet),
      crossEntropy(),
      admmMask({ pattern: 'irregular', rate: 4, epochs: 0, retrainEpochs: 1 }),
      exportModel('s.safetensors'),
    )
    await collect(pruned, () => undefined)
    fake.end()
    const later = fakeRun()
    const more = lentSteps(later).pipe(
      loadTeacher(artifactFile(fake, 's.safetensors')),
      crossEntropy(),
      train({ epochs: 1 }),
    )
    const states = await collect(more, ({ student }) => stateOf(student))
    later.end()
    const { weights = new Float32Array(0), mask } = states.at(-1) ?? {}
    expect(hashOf(weights)).not.toBe(hashOf(states[0]?.weights ?? weights))
    expectEvery(weights, (weight, i) => mask?.[i] !== 0 || weight === 0)
    expect(mask?.filter((bit) => bit === 0).length).toBeGreaterThan(500)
  })

  it('writes no masks for a network that was not pruned', async () => {
    expect([...(await exported('none')).artifacts.keys()]).toEqual(['nets/student.safetensors'])
  })

  it('writes the same bytes for the same run', async () => {
    const hashes = [await exported('irregular'), await exported('irregular')].map(({ artifacts }) =>
      [...artifacts.values()].map((content) => createHash('sha256').update(content).digest('hex')),
    )
    expect(hashes[0]).toEqual(hashes[1])
  })

  it('writes nothing without a step, and passes a write error on', async () => {
    const fake = fakeRun()
    const none = lentSteps(fake).pipe(take(0), initialise(tinyNet), crossEntropy(), train({ epochs: 1 }))
    await collect(none.pipe(exportModel('s.safetensors')), () => undefined)
    expect(fake.artifacts.size).toBe(0)
    const full = { _tag: 'WriteError', stage: 'artifact', file: 's', expected: 'room', actual: 'none' } as const
    const { run } = fakeRun()
    const broken: FakeRun = {
      ...fake,
      run: { ...run, atEnd: fake.run.atEnd, writeArtifact: () => async () => left(full) },
    }
    const stream = lentSteps(broken).pipe(initialise(tinyNet), crossEntropy(), train({ epochs: 1 }))
    await expect(collect(stream.pipe(exportModel('s.safetensors')), () => undefined)).rejects.toMatchObject({
      error: full,
    })
    fake.end()
  })
})
