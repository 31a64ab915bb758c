import { type Observable, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Attack, AttackSequence } from '../../src/attacks/common/attack.js'
import { fgsm } from '../../src/attacks/fgsm.js'
import { pgd } from '../../src/attacks/pgd.js'
import type { Dataset } from '../../src/dsl/dataset.js'
import type { RunEvent } from '../../src/dsl/events.js'
import type { Accuracies } from '../../src/dsl/figures.js'
import type { Step } from '../../src/dsl/step.js'
import { tf } from '../../src/engine/tf.js'
import { architecture } from '../../src/models/architecture/architecture.js'
import { flatten, linear } from '../../src/models/layers/layers.js'
import { parameterCount } from '../../src/models/parameters/parameters.js'
import { freshStatistics } from '../../src/models/parameters/statistics.js'
import { unpackStatistics, unpackWeights } from '../../src/models/parameters/weights.js'
import { attackEval } from '../../src/operators/attackEval.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { initialise } from '../../src/operators/initialise.js'
import { loadTeacher } from '../../src/operators/loadTeacher.js'
import { train } from '../../src/operators/train.js'
import { imagesOf } from '../../src/training/network/images.js'
import type { HasStudent, Student } from '../../src/training/network/network.js'
import { fakePipeline } from '../runtime/fakes.js'
import { collect, type FakeRun, fakeRun, memory, normalisedNet, tinyData, tinyNet, turns } from '../support/context.js'
import { expectEvery } from '../support/expectEvery.js'
import { seededNumbers } from '../support/numbers.js'
import { checkpointFile, hashOf, lentSteps, teacherFile, weightsOf } from '../support/steps.js'

/** Two PGDs, the weaker one first. */
const sequence: AttackSequence = {
  name: 'sequence',
  config: {},
  stages: [
    pgd({ epsilon: 0.5, steps: 1, stepSize: 0.2, start: 'image', name: 'first' }),
    pgd({ epsilon: 0.5, steps: 4, stepSize: 0.25, name: 'second' }),
  ],
}

const attacks = [fgsm({ epsilon: 0.1 }), pgd({ epsilon: 0.1, steps: 3, stepSize: 0.05 })]

type Evaluated = { readonly subject: string; readonly accuracies: Accuracies }

const evaluations = (events: readonly RunEvent[]): readonly Evaluated[] =>
  events.flatMap((event) =>
    event.type === 'evaluation' ? [{ subject: event.subject, accuracies: event.accuracies }] : [],
  )

const withoutSeconds = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, part) => (key === 'seconds' ? undefined : part)))

const teacherTrained = (fake: FakeRun, file: string, epochs = 4): Observable<Step & HasStudent> =>
  lentSteps(fake).pipe(
    loadTeacher(file, { architecture: tinyNet }),
    crossEntropy(),
    train({ epochs, learningRate: 0.02 }),
  )

/** The share of the first `count` test images that a network classifies correctly, counted here. */
const accuracyOf = (student: Student, count: number): number =>
  tf.tidy(() => {
    const images = imagesOf(
      tinyData.test,
      tinyData.shape,
      Uint32Array.from({ length: count }, (_, i) => i),
    )
    const guesses = tf.argMax(student.logits(images), 1).dataSync()
    return Array.from(guesses).filter((guess, i) => guess === tinyData.test.labels[i]).length / count
  })

const run = async (stages: (fake: FakeRun) => Observable<Step & HasStudent>, fake = fakeRun()) => {
  const seen = await collect(stages(fake), ({ student }) => ({
    weights: hashOf(weightsOf(student)),
    accuracy: accuracyOf(student, 9),
    tensors: memory().tensors,
  }))
  fake.end()
  return { seen, events: fake.events, evaluations: evaluations(fake.events) }
}

describe('attackEval of the 8-bit file', () => {
  it('measures the student after training as its C file answers, and the teacher as it is', async () => {
    const of = (form: 'network' | 'int8') =>
      run((fake) =>
        teacherTrained(fake, teacherFile(tinyNet), 1).pipe(attackEval(attacks, { examples: 9, batchSize: 4, form })),
      )
    const [own, file] = [await of('network'), await of('int8')]
    expect(file.evaluations.map(({ subject }) => subject)).toEqual(['before', 'after'])
    expect(withoutSeconds(file.evaluations[0])).toEqual(withoutSeconds(own.evaluations[0]))
    const [before, after] = file.evaluations.map(({ accuracies }) => Object.values(accuracies.details ?? {})[0])
    expect(Object.keys(before?.stages ?? {})).toEqual(['fgsm'])
    expect(Object.keys(after?.stages ?? {})).toEqual(['fgsm on float', 'fgsm on int8'])
  })
})

describe('attackEval after training', () => {
  it('evaluates the teacher before and the student after, on the test set', async () => {
    const before = memory()
    const file = teacherFile()
    const alone = await run((fake) =>
      lentSteps(fake).pipe(loadTeacher(file, { architecture: tinyNet }), attackEval([])),
    )
    const found = await run((fake) => teacherTrained(fake, file).pipe(attackEval(attacks)))
    expect(found.evaluations.map(({ subject }) => subject)).toEqual(['before', 'after'])
    expect(found.seen).toHaveLength(12)
    const [first, last] = found.evaluations
    expect(first?.accuracies.clean).toBe(alone.evaluations[0]?.accuracies.clean)
    expect(last?.accuracies.clean).toBe(found.seen.at(-1)?.accuracy)
    for (const { accuracies } of found.evaluations) {
      expect(accuracies.examples).toBe(9)
      expect(Object.keys(accuracies.attacks)).toEqual(['fgsm', 'pgd'])
      for (const robust of Object.values(accuracies.attacks)) expect(robust).toBeLessThanOrEqual(accuracies.clean)
    }
    await turns()
    expect(memory()).toEqual(before)
  })

  it('looks at the teacher first, and attacks it by sequences after training', async () => {
    const file = teacherFile()
    const seen: string[] = []
    const fake = fakeRun({
      onEvent: (event) => {
        if (event.type === 'evaluation') seen.push(`${event.subject}: ${Object.keys(event.accuracies.attacks)}`)
      },
    })
    const trained = teacherTrained(fake, file, 1).pipe(tap(() => void seen.push('step')))
    const { evaluations: found, events } = await run(
      () => trained.pipe(attackEval([sequence, ...attacks], { pictures: 2 })),
      fake,
    )
    const whole = 'sequence,fgsm,pgd'
    expect(seen).toEqual(['step', 'before: fgsm,pgd', 'step', 'step', `before: ${whole}`, `after: ${whole}`])
    const [look, before] = found
    expect(before?.accuracies).toMatchObject(look?.accuracies ?? { clean: 'none' })
    // The second time the attacks without a sequence come from the journal.
    const records = [...(fake.journals.get('attackEval-before')?.keys() ?? [])]
    expect(records.filter((key) => key.includes('pgd'))).toHaveLength(1)
    expect(events.filter(({ type }) => type === 'attacked').length).toBeGreaterThan(4)
    const all = await run((one) => teacherTrained(one, file, 1).pipe(attackEval([sequence, ...attacks], { every: 1 })))
    expect(withoutSeconds(all.evaluations.at(-1))).toEqual(withoutSeconds(found.at(-1)))
  })

  it('does not change training', async () => {
    const file = teacherFile()
    const without = await run((fake) => teacherTrained(fake, file))
    const withIt = await run((fake) => teacherTrained(fake, file).pipe(attackEval(attacks, { every: 1 })))
    expect(withIt.seen.map(({ weights }) => weights)).toEqual(without.seen.map(({ weights }) => weights))
  })

  it('evaluates the current student after every so many epochs, while training waits', async () => {
    const file = teacherFile()
    const during: string[] = []
    let student: Student | undefined
    const watching: Attack = {
      name: 'watching',
      config: {},
      norm: 'Linf',
      epsilon: 0.1,
      *perturb({ images }) {
        yield 0.5
        if (student) during.push(hashOf(weightsOf(student)))
        return tf.clone(images)
      },
    }
    const { seen, evaluations: found } = await run((fake) =>
      teacherTrained(fake, file, 5).pipe(
        tap((step) => {
          student = step.student
        }),
        attackEval([watching], { every: 2, batchSize: 4 }),
      ),
    )
    // 5 epochs of 3 steps: after the epochs 2 and 4, and at the end.
    expect(found.map(({ subject }) => subject)).toEqual(['before', 'epoch', 'epoch', 'after'])
    const at = (i: number) => seen[i]
    expect(found[1]?.accuracies.clean).toBe(at(5)?.accuracy)
    expect(found[2]?.accuracies.clean).toBe(at(11)?.accuracy)
    expect(found[3]?.accuracies.clean).toBe(at(14)?.accuracy)
    // Batches of 4 of the images that each evaluation classified correctly; the teacher's first.
    const batches = found.map(({ accuracies: { clean } }) => Math.ceil((9 * clean) / 4))
    expect(during).toEqual([0, 5, 11, 14].flatMap((i, n) => Array(batches[n]).fill(at(i)?.weights)))
  })

  it('has no figures before training for a new network', async () => {
    const { evaluations: found } = await run((fake) =>
      lentSteps(fake).pipe(initialise(tinyNet), crossEntropy(), train({ epochs: 1 }), attackEval(attacks)),
    )
    expect(found.map(({ subject }) => subject)).toEqual(['after'])
  })

  it.each([
    [['before'], ['before']],
    [['after'], ['after']],
  ] as const)('measures %j only where that is asked for', async (subjects, expected) => {
    const file = teacherFile()
    const { evaluations: found, seen } = await run((fake) =>
      teacherTrained(fake, file, 1).pipe(attackEval([], { subjects })),
    )
    expect(found.map(({ subject }) => subject)).toEqual(expected)
    expect(seen).toHaveLength(3)
  })

  it('does not repeat what it measured before an interruption', async () => {
    const file = teacherFile()
    let evaluated = (): void => undefined
    const evaluation = new Promise<void>((resolve) => {
      evaluated = resolve
    })
    const first = fakeRun({ onEvent: ({ type }) => void (type === 'evaluation' && evaluated()) })
    const stages = (fake: FakeRun) => teacherTrained(fake, file, 2).pipe(attackEval(attacks))
    const stopped = stages(first).subscribe()
    await evaluation
    await turns()
    stopped.unsubscribe()
    const saved = first.save()
    first.end()
    const second = await run(stages, fakeRun({ saved, journals: first.journals }))
    expect(withoutSeconds(second.evaluations[0])).toEqual(withoutSeconds(evaluations(first.events)[0]))
    const before = second.events.filter((event) => event.type === 'evaluating' && event.subject === 'before')
    // Whole batches from the journal, without the progress within a batch that a running attack reports.
    expectEvery(before, (event) => 'done' in event && Number.isInteger(event.done))
    expect(second.evaluations.map(({ subject }) => subject)).toEqual(['before', 'after'])
  })

  it('resumes in the middle of an evaluation with the same outcome for each example', async () => {
    const file = teacherFile()
    const stages = (fake: FakeRun) =>
      teacherTrained(fake, file, 1).pipe(attackEval([sequence, ...attacks], { batchSize: 2, pictures: 2 }))
    const whole = fakeRun()
    await run(stages, whole)
    const stopped = fakeRun({
      onEvent: (event) => {
        if (event.type === 'evaluating' && event.subject === 'after' && event.stage === 'second' && event.done >= 2)
          stopped.abort(new Error('stopped'))
      },
    })
    await expect(collect(stages(stopped), () => undefined)).rejects.toThrow('stopped')
    stopped.end()
    const resumed = fakeRun({ journals: stopped.journals })
    await run(stages, resumed)
    for (const name of ['attacks.jsonl', 'attacks-before.jsonl', 'attacks.svg', 'attacks.strips.json']) {
      expect(whole.artifacts.has(name), name).toBe(true)
      expect(resumed.artifacts.get(name), name).toEqual(whole.artifacts.get(name))
    }
    expect(evaluations(resumed.events).map(withoutSeconds)).toEqual(evaluations(whole.events).map(withoutSeconds))
  })
})

describe('attackEval refuses', () => {
  it('a second attackEval, and an attack called clean', () => {
    expect(() => fakePipeline().pipe(initialise(tinyNet), attackEval([]), attackEval(attacks))).toThrow(
      'attackEval: expected one attackEval with all attacks, got a second one',
    )
    const clean = pgd({ epsilon: 0.1, steps: 1, stepSize: 0.1, name: 'clean' })
    for (const named of [clean, { name: 'aa', config: {}, stages: [clean] }])
      expect(() => attackEval([named])).toThrow('attackEval: expected an attack\'s name, got "clean"')
  })

  it('to resume with another network or other images', async () => {
    const first = fakeRun()
    const stages = (fake: FakeRun, file: string) =>
      lentSteps(fake).pipe(loadTeacher(file, { architecture: tinyNet }), attackEval(attacks))
    await run((fake) => stages(fake, teacherFile()), first)
    const other = fakeRun({ journals: first.journals })
    await expect(collect(stages(other, teacherFile(tinyNet, 7)), () => undefined)).rejects.toThrow(
      /^attackEval: expected the network that the interrupted evaluation attacked \([0-9a-f]{12}\), got [0-9a-f]{12}$/,
    )
    other.end()
    const [pixel = 0, ...pixels] = tinyData.test.images
    const images = Uint8Array.of(255 - pixel, ...pixels)
    const data = { ...tinyData, test: { ...tinyData.test, images } }
    const changed = fakeRun({ journals: first.journals, data })
    await expect(collect(stages(changed, teacherFile()), () => undefined)).rejects.toThrow(
      'expected the test images that the interrupted evaluation attacked',
    )
    changed.end()
  })
})

describe('attackEval alone', () => {
  it('evaluates the requested number of examples once, and completes', async () => {
    const before = memory()
    const file = teacherFile()
    const {
      seen,
      events,
      evaluations: found,
    } = await run((fake) =>
      lentSteps(fake).pipe(
        loadTeacher(file, { architecture: tinyNet }),
        attackEval(attacks, { examples: 5, batchSize: 2 }),
      ),
    )
    expect(seen).toHaveLength(1)
    expect(found.map(({ subject, accuracies: { examples } }) => [subject, examples])).toEqual([['before', 5]])
    const progress = events.flatMap((event) => (event.type === 'evaluating' ? [event] : []))
    expect(progress.filter(({ attack }) => attack === 'clean').map(({ done }) => done)).toEqual([2, 4, 5])
    const right = Math.round(5 * Number(found[0]?.accuracies.clean))
    expect(right).toBeGreaterThan(0)
    for (const name of ['fgsm', 'pgd'])
      expect(progress.findLast(({ attack }) => attack === name)).toMatchObject({ done: right, total: right })
    await turns()
    expect(memory()).toEqual(before)
  })

  it('has the same figures for any batch size', async () => {
    const file = teacherFile()
    const figures = (batchSize: number) =>
      run((fake) =>
        lentSteps(fake).pipe(loadTeacher(file, { architecture: tinyNet }), attackEval(attacks, { batchSize })),
      ).then(({ evaluations: found }) => found)
    expect(withoutSeconds(await figures(2))).toEqual(withoutSeconds(await figures(9)))
  })

  it('refuses more examples than the test set has', async () => {
    const file = teacherFile()
    const fake = fakeRun()
    const stream = lentSteps(fake).pipe(loadTeacher(file, { architecture: tinyNet }), attackEval([], { examples: 10 }))
    await expect(collect(stream, () => undefined)).rejects.toThrow(
      'attackEval: expected at most 9 examples, as many as the test set has, got 10',
    )
    fake.end()
  })

  it.each([
    ['leaves the ε-ball', 0.2, 'cheat: expected perturbations of at most 0.1, got 0.2'],
    ['gives no numbers', Number.NaN, 'cheat: expected perturbations of at most 0.1, got NaN'],
  ])('refuses an attack that %s, and frees its images', async (_title, by, message) => {
    const before = memory()
    const file = teacherFile()
    const fake = fakeRun()
    const cheat: Attack = {
      name: 'cheat',
      config: {},
      norm: 'Linf',
      epsilon: 0.1,
      *perturb({ images }) {
        yield 0.5
        return tf.add(images, by)
      },
    }
    const stream = lentSteps(fake).pipe(loadTeacher(file, { architecture: tinyNet }), attackEval([cheat]))
    await expect(collect(stream, () => undefined)).rejects.toThrow(message)
    fake.end()
    await turns()
    expect(memory()).toEqual(before)
  })

  it('stops when the run is stopped', async () => {
    const before = memory()
    const file = teacherFile()
    const fake: FakeRun = fakeRun({
      onEvent: ({ type }) => {
        if (type === 'evaluating') fake.abort(new Error('stopped'))
      },
    })
    const stream = lentSteps(fake).pipe(
      loadTeacher(file, { architecture: tinyNet }),
      attackEval(attacks, { batchSize: 1 }),
    )
    await expect(collect(stream, () => undefined)).rejects.toThrow('stopped')
    expect(fake.events.filter(({ type }) => type === 'evaluating')).toHaveLength(1)
    fake.end()
    await turns()
    expect(memory()).toEqual(before)
  })

  it('writes the outcome of each example, and draws the first broken ones', async () => {
    const file = teacherFile()
    const fake = fakeRun()
    const { evaluations: found } = await run(
      (one) => teacherTrained(one, file).pipe(attackEval([sequence, ...attacks], { pictures: 1 })),
      fake,
    )
    const { clean = 0, details } = found.at(-1)?.accuracies ?? {}
    const lines = String(fake.artifacts.get('attacks.jsonl')).trim().split('\n')
    const outcomes = lines.map((line) => JSON.parse(line))
    expect(outcomes.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(outcomes.map(({ label }) => label)).toEqual(Array.from(tinyData.test.labels))
    expect(Object.keys(outcomes[0])).toEqual(['index', 'label', 'brokenBy', 'distance'])
    expect(outcomes.filter(({ brokenBy }) => brokenBy === 'clean')).toHaveLength(Math.round(9 * (1 - clean)))
    const stages = details?.sequence?.stages ?? {}
    expect(Object.keys(stages)).toEqual(['first', 'second'])
    const brokenBy = (...names: readonly (string | null)[]): number =>
      outcomes.filter((outcome) => names.includes(outcome.brokenBy)).length
    expect(brokenBy('clean', 'first') / 9).toBeCloseTo(1 - Number(stages.first), 12)
    expect(brokenBy('clean', 'first', 'second') / 9).toBeCloseTo(1 - Number(stages.second), 12)
    expect(brokenBy('first', 'second'), 'some fall, or nothing is drawn').toBeGreaterThan(0)
    for (const { brokenBy: by, distance } of outcomes)
      if (by === null) expect(distance).toBeNull()
      else if (by === 'clean') expect(distance).toBe(0)
      else expect(Math.abs(distance - 0.25)).toBeLessThanOrEqual(0.25 + 1e-6)
    const drawn = String(fake.artifacts.get('attacks.svg'))
    const first = outcomes.find(({ brokenBy: by }) => by === 'first' || by === 'second')
    expect(drawn).toContain(`test image ${first.index}: ${first.label}`)
    expect(String(fake.artifacts.get('attacks-before.jsonl')).trim().split('\n'), 'the teacher').toHaveLength(9)
  })

  it('to resume with other running statistics of batch normalisation', async () => {
    const withStatistics = (value: number): string => {
      const weights = seededNumbers(1, parameterCount(normalisedNet))
      const statistics = freshStatistics(normalisedNet).map((each) => each + value)
      return checkpointFile(
        new Map([...unpackWeights(normalisedNet, weights), ...unpackStatistics(normalisedNet, statistics)]),
      )
    }
    const first = fakeRun()
    const stages = (fake: FakeRun, file: string) =>
      lentSteps(fake).pipe(loadTeacher(file, { architecture: normalisedNet }), attackEval(attacks))
    await run((fake) => stages(fake, withStatistics(0)), first)
    const other = fakeRun({ journals: first.journals })
    await expect(collect(stages(other, withStatistics(1)), () => undefined)).rejects.toThrow(
      'expected the network that the interrupted evaluation attacked',
    )
    other.end()
  })

  it('to resume with another normalisation of images', async () => {
    const first = fakeRun()
    const stages = (fake: FakeRun, mean: number) =>
      lentSteps(fake).pipe(
        loadTeacher(teacherFile(), { architecture: tinyNet, normalisation: { mean: [mean], std: [0.5] } }),
        attackEval(attacks),
      )
    await run((fake) => stages(fake, 0.5), first)
    const same = fakeRun({ journals: first.journals })
    await run((fake) => stages(fake, 0.5), same)
    const other = fakeRun({ journals: first.journals })
    await expect(collect(stages(other, 0.25), () => undefined)).rejects.toThrow(
      'expected the network that the interrupted evaluation attacked',
    )
    other.end()
  })
})

it('a thousand classes keep their labels in an evaluation', async () => {
  // Each class is one image of two pixels; the logits are larger the nearer an image is.
  const count = 1000
  const bytes = Array.from({ length: count }, (_, k) => [8 * (k % 32), 8 * Math.floor(k / 32)])
  const split = {
    count,
    images: Uint8Array.from(bytes.flat()),
    labels: Uint16Array.from({ length: count }, (_, k) => k),
  }
  const shape = { height: 1, width: 2, channels: 1 }
  const data: Dataset = {
    name: 'many',
    origin: 'synthetic',
    classes: count,
    shape,
    train: { ...split, count: 8 },
    test: split,
  }
  const net = architecture('nearest', shape, [flatten(), linear('fc', { out: count })])
  const places = bytes.map((pair) => pair.map((byte) => byte / 255))
  const file = checkpointFile(
    new Map([
      ['fc.weight', { shape: [count, 2], data: Float32Array.from(places.flatMap((pair) => pair.map((p) => 2 * p))) }],
      [
        'fc.bias',
        { shape: [count], data: Float32Array.from(places, (pair) => -pair.reduce((sum, p) => sum + p * p, 0)) },
      ],
    ]),
  )
  const fake = fakeRun({ data })
  const weak = pgd({ epsilon: 0.001, steps: 2, stepSize: 0.001 })
  await collect(lentSteps(fake).pipe(loadTeacher(file, { architecture: net }), attackEval([weak])), () => undefined)
  fake.end()
  const [found] = evaluations(fake.events)
  expect(found?.accuracies).toMatchObject({ clean: 1, examples: count, attacks: { pgd: 1 } })
})
