import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { isLeft, isRight } from 'fp-ts/lib/Either.js'
import { concatMap, finalize, from, lastValueFrom, type Observable, of, toArray } from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { CheckpointOptions, RunHandle } from '../../../src/dsl/pipeline/run.js'
import type { HasTraining, Step, TrainingMetrics } from '../../../src/dsl/step.js'
import { encodeCheckpoint, type RunCheckpoint } from '../../../src/runtime/checkpoints/checkpointFile.js'
import { readNewest, writeCheckpoint } from '../../../src/runtime/checkpoints/checkpointFolder.js'
import { checkpointSchedule } from '../../../src/runtime/checkpoints/checkpointSchedule.js'
import { isSealed, seal } from '../../../src/runtime/checkpoints/checkpointSeal.js'
import { fakePipeline, fakeTrain, temporaryFolder } from '../fakes.js'

const checkpointAt = (step: number): RunCheckpoint => ({
  state: {
    position: { epoch: 0, batch: step },
    stages: { train: { arrays: { w: Float32Array.of(1, -2, step) }, values: { step } } },
  },
  planHash: 'x',
  engine: 'wasm',
  step,
  best: undefined,
  metrics: { length: 10 * step, hash: 'x' },
  events: { length: 0, hash: 'y' },
  tally: { seconds: 1, evaluationSeconds: 0, artifacts: [], warnings: [] },
})

const sealed = async (step: number): Promise<Uint8Array> => {
  const bytes = encodeCheckpoint(checkpointAt(step), 'x')
  if (isLeft(bytes)) throw new Error('not encoded')
  await seal(bytes.right)
  return bytes.right
}

const write = (folder: string, step: number, keep = 3): Promise<string> =>
  writeCheckpoint(checkpointAt(step), { folder, keep, took: () => undefined })

const names = (folder: string): readonly string[] => readdirSync(join(folder, 'checkpoints')).sort()

describe('a checkpoint with its hash', () => {
  test('is refused if any bits of any byte are flipped', async () => {
    const bytes = await sealed(7)
    expect(isSealed(bytes)).toBe(true)
    for (const [place, byte] of bytes.entries()) {
      bytes[place] = byte ^ (1 << (place % 8))
      expect(isSealed(bytes), `byte ${place}`).toBe(false)
      bytes[place] = byte
    }
    const damage = fc.record({ place: fc.nat(bytes.length - 1), mask: fc.integer({ min: 1, max: 255 }) })
    fc.assert(
      fc.property(damage, ({ place, mask }) => {
        const other = bytes.slice()
        other[place] = (other[place] ?? 0) ^ mask
        return !isSealed(other)
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  test('is refused if it is cut off anywhere, or has additional bytes', async () => {
    const bytes = await sealed(7)
    for (let length = 0; length < bytes.length; length++) expect(isSealed(bytes.subarray(0, length))).toBe(false)
    expect(isSealed(Buffer.concat([bytes, Buffer.from([0])]))).toBe(false)
  })
})

describe('the newest checkpoint', () => {
  const damages: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
    ['flipped in its data', (bytes) => Buffer.from(bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte)))],
    ['flipped in its length', (bytes) => Buffer.from(bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte)))],
    ['cut off', (bytes) => bytes.subarray(0, bytes.length - 1)],
    ['empty', () => Buffer.alloc(0)],
  ]

  test.each(damages)('%s is replaced by the one before, with a warning', async (_title, damage) => {
    const folder = temporaryFolder()
    for (const step of [1, 2, 10]) await write(folder, step)
    const file = join(folder, 'checkpoints', 'step-00000010.safetensors')
    writeFileSync(file, damage(readFileSync(file)))
    const read = await readNewest(folder)
    expect(read?.checkpoint).toEqual(checkpointAt(2))
    expect(read?.warnings).toEqual([
      expect.stringMatching(
        /step-00000010\.safetensors is damaged \(.+\): continuing from step-00000002\.safetensors$/,
      ),
    ])
    expect(names(folder)).toEqual([
      'step-00000001.safetensors',
      'step-00000002.safetensors',
      'step-00000010.safetensors.damaged',
    ])
  })

  test('is an error if all are damaged, and undefined if there are none', async () => {
    const folder = temporaryFolder()
    expect(await readNewest(folder)).toBeUndefined()
    await write(folder, 1)
    writeFileSync(join(folder, 'checkpoints', 'step-00000001.safetensors'), 'nothing of the kind')
    await expect(readNewest(folder)).rejects.toMatchObject({ error: { _tag: 'FileError', stage: 'resume' } })
  })

  test('is kept with as many before it as the options say', async () => {
    const folder = temporaryFolder()
    for (const step of [1, 2, 3, 99_999_999, 100_000_000]) await write(folder, step, 2)
    expect(names(folder)).toEqual(['step-100000000.safetensors', 'step-99999999.safetensors'])
    expect((await readNewest(folder))?.checkpoint.step).toBe(100_000_000)
  })
})

describe('the schedule', () => {
  const stepAt = (step: number): TrainingMetrics => ({
    phase: 'train',
    epoch: Math.floor((step - 1) / 10),
    epochs: 10,
    batch: (step - 1) % 10,
    batches: 10,
    step,
    steps: 100,
    learningRate: 1,
    loss: 1,
    terms: {},
    seconds: 1,
  })

  /** The steps after which a checkpoint is written, if each step and each checkpoint takes this many seconds. */
  const dueSteps = (options: CheckpointOptions, perStep: number, perCheckpoint: number): readonly number[] => {
    let clock = 1000
    const schedule = checkpointSchedule(options, () => clock)
    return Array.from({ length: 100 }, (_, i) => i + 1).filter((step) => {
      clock += perStep
      if (!schedule.due(stepAt(step))) return false
      clock += perCheckpoint
      schedule.took(perCheckpoint)
      return true
    })
  }

  test('has the ends of epochs and every minute, if checkpoints are cheap', () => {
    expect(dueSteps({}, 1, 0.01)).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100])
    expect(dueSteps({}, 20, 0.01)).toEqual([
      3, 6, 9, 10, 13, 16, 19, 20, 23, 26, 29, 30, 33, 36, 39, 40, 43, 46, 49, 50, 53, 56, 59, 60, 63, 66, 69, 70, 73,
      76, 79, 80, 83, 86, 89, 90, 93, 96, 99, 100,
    ])
  })

  test('takes at most 2 % of the time, except for the first and the last checkpoint', () => {
    expect(dueSteps({}, 0.1, 0.05)).toEqual([10, 50, 80, 100])
    expect(dueSteps({}, 0.1, 0.1)).toEqual([10, 100])
  })

  test('follows the options', () => {
    expect(dueSteps({ everySteps: 40 }, 0.01, 1)).toEqual([40, 80, 100])
    expect(dueSteps({ everySeconds: 25 }, 1, 0)).toEqual([25, 50, 75, 100])
    expect(dueSteps({ everySteps: 30, everySeconds: 25 }, 1, 0)).toEqual([25, 30, 55, 60, 85, 90, 100])
  })

  test.each([{ everySteps: 0 }, { everySteps: 1.5 }, { everySeconds: 0 }, { everySeconds: Number.NaN }])(
    'refuses %o',
    (options) => expect(() => checkpointSchedule(options, () => 0)).toThrow(/^checkpoints: expected/),
  )
})

describe('a run', () => {
  const pipeline = (during: (step: number) => void = () => undefined) =>
    fakePipeline().pipe(fakeTrain({ epochs: 3, during }))

  const outcome = async (run: RunHandle) => {
    const result = await run.result
    return isRight(result) ? result.right : result.left
  }

  test('resumes from the checkpoint before a damaged one, with the same result as without an interruption', async () => {
    const folder = temporaryFolder()
    const checkpoints = { everySteps: 1, keep: 20 }
    await outcome(pipeline().run({ out: join(folder, 'whole') }))
    const out = join(folder, 'parts')
    await outcome(
      pipeline((step) => {
        if (step === 8) throw new Error('crash')
      }).run({ out, checkpoints }),
    )
    const newest = names(out).at(-1) ?? ''
    writeFileSync(join(out, 'checkpoints', newest), readFileSync(join(out, 'checkpoints', newest)).subarray(1))
    const again = pipeline().run({ resume: out, checkpoints })
    const events = lastValueFrom(again.events$.pipe(toArray()))
    expect(await outcome(again)).toMatchObject({ warnings: [expect.stringContaining(`${newest} is damaged`)] })
    expect((await events)[0]).toMatchObject({ type: 'warning', stage: 'resume' })
    expect(readFileSync(join(out, 'metrics.jsonl'))).toEqual(readFileSync(join(folder, 'whole', 'metrics.jsonl')))
  })

  test('refuses to keep 0 checkpoints, before the run starts', () => {
    const start = () => pipeline().run({ out: join(temporaryFolder(), 'x'), checkpoints: { keep: 0 } })
    expect(start).toThrow('run: expected checkpoints.keep to be a whole number >= 1, got 0')
  })

  /** Evaluates after each epoch, as `attackEval` does: the step is held until the evaluation is over. */
  const evaluating =
    (figures: readonly number[], begin: (epoch: number) => void = () => undefined) =>
    <S extends Step & HasTraining>(source: Observable<S>): Observable<S> =>
      source.pipe(
        concatMap((step) => {
          const { epoch, batch, batches } = step.training
          if (batch + 1 < batches || step.training.step === step.training.steps) return of(step)
          const letGo = step.minibatch.hold()
          const later = async (): Promise<S> => {
            begin(epoch)
            if (step.run.signal.aborted) return new Promise(() => undefined)
            const accuracies = { clean: 1, attacks: { pgd: figures[epoch] ?? 0 }, examples: 1 }
            step.run.emit({ type: 'evaluation', subject: 'epoch', accuracies })
            return step
          }
          return from(later()).pipe(finalize(letGo))
        }),
      )

  test('keeps the checkpoint of the best evaluation', async () => {
    const out = join(temporaryFolder(), 'run')
    await outcome(
      pipeline()
        .pipe(evaluating([0.6, 0.4]))
        .run({ out, checkpoints: { everySteps: 1, keep: 1 } }),
    )
    expect(names(out)).toEqual(['best.safetensors', 'step-00000015.safetensors'])
    renameSync(join(out, 'checkpoints', 'best.safetensors'), join(out, 'checkpoints', 'step-00000099.safetensors'))
    expect((await readNewest(out))?.checkpoint).toMatchObject({ step: 5, best: 0.6 })
  })

  test('keeps its checkpoints if a stage has freed its state when its last step arrives', async () => {
    const late = <S extends Step>(source: Observable<S>): Observable<S> =>
      source.pipe(concatMap((step) => Promise.resolve(step)))
    const out = join(temporaryFolder(), 'run')
    expect(await outcome(pipeline().pipe(late).run({ out }))).toMatchObject({ pipeline: 'fake run' })
  })

  test('stopped during an evaluation resumes before the step that started the evaluation', async () => {
    const folder = temporaryFolder()
    await outcome(
      pipeline()
        .pipe(evaluating([0.4, 0.6]))
        .run({ out: join(folder, 'whole') }),
    )
    const out = join(folder, 'parts')
    const run: RunHandle = pipeline()
      .pipe(evaluating([0.4], (epoch) => void (epoch === 1 && run.stop())))
      .run({ out, checkpoints: { everySteps: 4 } })
    expect(await outcome(run)).toMatchObject({ _tag: 'InterruptedError' })
    expect(names(out).at(-1)).toBe('step-00000008.safetensors')
    expect(existsSync(join(out, 'run.lock'))).toBe(false)
    const asked: number[] = []
    await outcome(
      pipeline()
        .pipe(evaluating([0.4, 0.6], (epoch) => void asked.push(epoch)))
        .run({ resume: out }),
    )
    expect(new Set(asked)).toEqual(new Set([1]))
    expect(readFileSync(join(out, 'metrics.jsonl'))).toEqual(readFileSync(join(folder, 'whole', 'metrics.jsonl')))
  })
})
