/** Stochastic heads in a run: their limits, their noise, and their exports. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { map, type Observable, take, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { fgsm } from '../../src/attacks/fgsm.js'
import type { HasTerms, HasTraining, Step } from '../../src/dsl/step.js'
import { tf } from '../../src/engine/tf.js'
import { withoutHead } from '../../src/models/head/withoutHead.js'
import { parametersOf } from '../../src/models/parameters/parameters.js'
import { unpackStatistics, unpackWeights } from '../../src/models/parameters/weights.js'
import { attackEval } from '../../src/operators/attackEval.js'
import { ceb } from '../../src/operators/ceb.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { exportModel } from '../../src/operators/exportModel.js'
import { loadTeacher } from '../../src/operators/loadTeacher.js'
import { magnitudePrune } from '../../src/operators/magnitudePrune.js'
import { shrink } from '../../src/operators/shrink.js'
import { train } from '../../src/operators/train.js'
import { vib } from '../../src/operators/vib.js'
import { imagesOf } from '../../src/training/network/images.js'
import type { HasStudent, Student } from '../../src/training/network/network.js'
import { sgd } from '../../src/training/step/sgd.js'
import { temporaryFolder } from '../runtime/fakes.js'
import { collect, type FakeRun, fakeRun, memory, normalisedNet, tinyData, turns } from '../support/context.js'
import { nonEmpty } from '../support/expectEvery.js'
import { distance } from '../support/numbers.js'
import { channelsFirst, runOnnx } from '../support/onnxRuntime.js'
import { checkpointFile, lentSteps, runningOf, teacherFile, weightsOf } from '../support/steps.js'

const fit = train({ epochs: 2, optimizer: sgd(), learningRate: 0.05 })

const plainOf = (student: Student) =>
  withoutHead({
    architecture: student.architecture,
    weights: weightsOf(student),
    statistics: runningOf(student),
    mask: student.mask,
  })

const testImages = () =>
  imagesOf(
    tinyData.test,
    tinyData.shape,
    Uint32Array.from({ length: 9 }, (_, i) => i),
  )

const logitsOf = (student: Student): Float32Array =>
  tf.tidy(() => Float32Array.from(student.logits(testImages()).dataSync()))

const loaded = (fake: FakeRun, file = teacherFile(normalisedNet)) =>
  lentSteps(fake).pipe(loadTeacher(file, { architecture: normalisedNet }))

type Headed = Observable<Step & HasStudent & HasTerms>

describe.each([
  ['vib', (beta: number) => vib({ size: 6, beta }), (beta: number) => vib({ size: 6, beta, phases: ['admm'] })],
  ['ceb', (beta: number) => ceb({ size: 6, beta }), (beta: number) => ceb({ size: 6, beta, phases: ['admm'] })],
] as const)('%s', (name, stage, elsewhere) => {
  const withoutNoise = (source: Headed): Headed =>
    source.pipe(
      map((step) => ({
        ...step,
        terms: step.terms.map((term) => ({ ...term, noise: (n: number) => new Float32Array(n) })),
      })),
    )

  it.each([
    ['a weight of 0 and no noise', (source: Headed) => withoutNoise(source.pipe(stage(0)))],
    ['a phase in which it does not act', (source: Headed) => source.pipe(elsewhere(1))],
  ])('with %s is cross entropy, bit for bit', async (_title, limit) => {
    const fake = fakeRun()
    let begun: ReturnType<typeof plainOf> | undefined
    const found = await collect(
      limit(loaded(fake).pipe(crossEntropy())).pipe(
        tap(({ student }) => {
          begun ??= plainOf(student)
        }),
        fit,
      ),
      ({ student, training }) => ({
        loss: training.loss,
        weights: plainOf(student).weights,
        running: runningOf(student),
      }),
    )
    fake.end()
    if (!begun) throw new Error('no steps')
    const { architecture, weights, statistics } = begun
    const file = checkpointFile(
      new Map([...unpackWeights(architecture, weights), ...unpackStatistics(architecture, statistics)]),
    )
    const plain = fakeRun()
    const expected = await collect(
      lentSteps(plain).pipe(loadTeacher(file, { architecture }), crossEntropy(), fit),
      ({ student, training }) => ({ loss: training.loss, weights: weightsOf(student), running: runningOf(student) }),
    )
    plain.end()
    expect(expected).toHaveLength(6)
    expect(found).toEqual(expected)
  })

  it('draws different noise in each step, and the same for the same seed', async () => {
    const drawn = async (seed: number) => {
      const fake = fakeRun({ seed })
      const all = await collect(loaded(fake).pipe(crossEntropy(), stage(0.01), take(4)), ({ terms }) =>
        Array.from(terms.find((term) => term.name === name)?.noise?.(4000) ?? []),
      )
      fake.end()
      return all
    }
    const [one, again, other] = [await drawn(1), await drawn(1), await drawn(2)]
    expect(again).toEqual(one)
    expect(new Set([...one, ...other].map(([first]) => first)).size).toBe(8)
    for (const numbers of nonEmpty(one)) {
      const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length
      const square = numbers.reduce((sum, value) => sum + value * value, 0) / numbers.length
      // Four standard deviations of 4,000 draws.
      expect(Math.abs(mean)).toBeLessThan(0.064)
      expect(Math.abs(square - 1)).toBeLessThan(0.09)
    }
  })

  it('reports its term, and trains each of its parameters', async () => {
    const fake = fakeRun()
    const before: Float32Array[] = []
    const seen = await collect(
      loaded(fake).pipe(
        crossEntropy(),
        stage(0.01),
        tap(({ student }) => before.push(weightsOf(student))),
        fit,
      ),
      ({ student, training }) => ({ student, terms: training.terms, after: weightsOf(student) }),
    )
    const { student } = seen[0] ?? {}
    if (!student) throw new Error('no steps')
    for (const { terms } of nonEmpty(seen)) {
      expect(Object.keys(terms)).toEqual(['crossEntropy', name])
      expect(terms[name]).not.toBe(0)
    }
    const [start, end] = [before[0] ?? [], seen.at(-1)?.after ?? []]
    for (const parameter of nonEmpty(parametersOf(student.architecture))) {
      const place = (values: ArrayLike<number>): readonly number[] =>
        Array.from(values).slice(parameter.offset, parameter.offset + parameter.size)
      expect(place(end), parameter.name).not.toEqual(place(start))
    }
    fake.end()
  })

  /** A run that trains, attacks and exports. */
  const exported = async (
    stages: (source: Headed) => Observable<Step & HasStudent & HasTraining>,
    fake = fakeRun(),
  ) => {
    const before = memory()
    const logits = await collect(stages(loaded(fake).pipe(crossEntropy(), stage(0.01))), ({ student }) =>
      logitsOf(student),
    )
    fake.end()
    await turns()
    expect(memory()).toEqual(before)
    return { fake, logits: logits.at(-1) ?? new Float32Array(0) }
  }

  const artifact = ({ artifacts }: FakeRun, file: string): Uint8Array => {
    const content = artifacts.get(file)
    if (!(content instanceof Uint8Array)) throw new Error(`no bytes of ${file}`)
    return content
  }

  const fileOf = (fake: FakeRun, file: string): string => {
    const path = join(temporaryFolder(), file)
    writeFileSync(path, artifact(fake, file))
    return path
  }

  const readAgain = async (file: string) => {
    const later = fakeRun()
    const [found] = await collect(lentSteps(later).pipe(loadTeacher(file), take(1)), ({ student, teacher }) => ({
      logits: logitsOf(student),
      ofTeacher: tf.tidy(() => Float32Array.from(teacher.logits(testImages()).dataSync())),
      types: new Set(student.architecture.nodes.map(({ layer }) => layer.type)),
      names: parametersOf(student.architecture).map((parameter) => parameter.name),
      weights: weightsOf(student),
    }))
    later.end()
    if (!found) throw new Error('no step')
    return found
  }

  it('exports an ordinary network, with the mean as its code', async () => {
    const { fake, logits } = await exported((source) =>
      source.pipe(
        fit,
        attackEval([fgsm({ epsilon: 0.1 })]),
        exportModel('s.safetensors'),
        exportModel('s.sparse.safetensors'),
        exportModel('s.onnx'),
        exportModel('s.int8.onnx'),
        exportModel('model.json'),
      ),
    )
    for (const file of ['s.safetensors', 's.sparse.safetensors', 's.onnx']) {
      const found = await readAgain(fileOf(fake, file))
      expect(found.logits, file).toEqual(logits)
      expect(found.ofTeacher, file).toEqual(logits)
      expect([...found.types].filter((type) => type === 'given' || type === 'sample')).toEqual([])
      expect(found.names.filter((each) => each.startsWith(name))).toEqual([`${name}.mean.weight`, `${name}.mean.bias`])
    }
    const model: unknown = JSON.parse(String(fake.artifacts.get('model.json')))
    expect(JSON.stringify(model)).toContain(`"${name}.mean"`)
    expect(JSON.stringify(model)).not.toMatch(/logVariance|classMean|noise|labels/)
    const pixels = tf.tidy(() => Float32Array.from(testImages().dataSync()))
    for (const [file, tolerance] of [
      ['s.onnx', 1e-5],
      ['s.int8.onnx', 0.05],
    ] as const) {
      const { data, dims } = await runOnnx(artifact(fake, file), channelsFirst(pixels, tinyData.shape), [9, 1, 8, 8])
      expect(dims).toEqual([9, 3])
      expect(distance(data, logits), file).toBeLessThan(tolerance)
    }
    const evaluated = fake.events.flatMap((event) => (event.type === 'evaluation' ? [event.subject] : []))
    expect(evaluated).toContain('after')
  })

  it('keeps its head on request, for further training', async () => {
    const { fake } = await exported((source) => source.pipe(fit, exportModel('s.safetensors', { head: 'kept' })))
    const file = fileOf(fake, 's.safetensors')
    const { weights, types, logits, ofTeacher } = await readAgain(file)
    expect(types).toContain('sample')
    expect(ofTeacher).toEqual(logits)
    const later = fakeRun()
    const seen = await collect(
      lentSteps(later).pipe(
        loadTeacher(file),
        crossEntropy(),
        stage(0.01),
        map((step) => ({ ...step, begun: weightsOf(step.student) })),
        fit,
      ),
      ({ begun, training }) => ({ begun, term: training.terms[name] }),
    )
    later.end()
    expect(seen[0]?.begun).toEqual(weights)
    expect(seen).toHaveLength(6)
  })

  it('is pruned, shrunk and exported with its mask', async () => {
    const prune = magnitudePrune({ pattern: 'filter', rate: 2, exclude: ['fc'], epochs: 0, retrainEpochs: 1 })
    const { fake, logits } = await exported((source) => source.pipe(prune, shrink(), exportModel('small.safetensors')))
    const found = await readAgain(fileOf(fake, 'small.safetensors'))
    expect(distance(found.logits, logits)).toBeLessThan(1e-5)
    const sizes = fake.events.flatMap((event) => (event.type === 'sizes' ? [event.sizes] : []))
    const parameters = (layers: readonly { readonly layer: string; readonly parameters: number }[] = []) =>
      new Map(layers.map((layer) => [layer.layer, layer.parameters]))
    const [before, after] = [parameters(sizes[0]?.before), parameters(sizes[0]?.after)]
    expect([...before.keys()].filter((layer) => layer.startsWith(name))).toEqual([`${name}.mean`])
    expect(after.get(`${name}.mean`)).toBeLessThan(0.5 * (before.get(`${name}.mean`) ?? 0))
    expect([...fake.artifacts.keys()]).toEqual(['small.safetensors', 'small.masks.safetensors'])
  })

  it.each([
    ['of another size', 'vib', vib({ size: 7 })],
    ['of another stage, or size', 'ceb', ceb({ size: 8 })],
  ])('refuses a head %s', async (_title, other, refusing) => {
    const { fake } = await exported((source) => source.pipe(fit, exportModel('s.safetensors', { head: 'kept' })))
    const later = fakeRun()
    const stream = lentSteps(later).pipe(loadTeacher(fileOf(fake, 's.safetensors')), refusing)
    await expect(collect(stream, () => undefined)).rejects.toMatchObject({
      error: { _tag: 'OptionError', stage: other, actual: `${name}, 6` },
    })
    later.end()
  })
})
