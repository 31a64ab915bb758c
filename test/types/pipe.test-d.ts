/** How many stages a pipe takes, and where an operator is reported whose result is not a step. */
import {
  admmMask,
  asynchronous,
  attackEval,
  blockNoise,
  distill,
  exportModel,
  fgsm,
  type HasStudent,
  type HasTeacher,
  type HasTerms,
  type HasTraining,
  hsicRegularize,
  loadTeacher,
  mnist,
  type Pipeline,
  perturb,
  pipeline,
  type Step,
  shrink,
} from 'pwoa'
import { bufferCount, delay, filter, map, materialize, type OperatorFunction, pairwise, take, tap } from 'rxjs'
import { describe, expectTypeOf, test } from 'vitest'

const start = pipeline('types', mnist())
const teacher = loadTeacher('t.pth', { architecture: 'mnistNet' })
const mask = admmMask({ pattern: 'irregular', rate: 4 })
const attacks = [fgsm({ epsilon: 0.3 })]

describe('twenty stages in one call', () => {
  test('keep their types, in callbacks too', () => {
    const whole = start.pipe(
      teacher,
      filter(({ minibatch }) => minibatch.size > 1),
      perturb(blockNoise({ epsilon: 0.3 })),
      distill({ temperature: 30 }),
      tap(({ student, teacher: robust }) => [student.mask, robust.architecture]),
      hsicRegularize({ lambdaX: 2e-4, lambdaY: 5e-5 }),
      map((step) => step),
      asynchronous(delay(1)),
      mask,
      tap(({ training }) => training.loss.toFixed(3)),
      attackEval(attacks),
      map((step) => step),
      shrink(),
      tap(({ teacher: robust }) => robust.architecture),
      attackEval(attacks),
      exportModel('a.onnx'),
      exportModel('a.safetensors'),
      filter((step) => step.minibatch.size > 0),
      take(3),
      tap(({ run }) => run),
    )
    expectTypeOf(whole).toEqualTypeOf<Pipeline<Step & HasTeacher & HasStudent & HasTerms & HasTraining>>()
  })

  test('are the most that a call takes', () => {
    const same = tap<Step>()
    start.pipe(
      ...([same, same, same, same, same, same, same, same, same, same] as const),
      ...([same, same, same, same, same, same, same, same, same, same] as const),
    )
    start.pipe(
      ...([same, same, same, same, same, same, same, same, same, same] as const),
      ...([same, same, same, same, same, same, same, same, same, same] as const),
      // @ts-expect-error: the twenty-first
      same,
    )
  })

  test('have a wrong order reported on the stage, the twentieth too', () => {
    const same = tap<Step>()
    start.pipe(
      ...([same, same, same, same, same, same, same, same, same, same] as const),
      ...([same, same, same, same, same, same, same, same, same] as const),
      // @ts-expect-error: there is no teacher
      distill(),
    )
  })
})

describe('an operator whose result is not a step is reported itself', () => {
  const numbers: OperatorFunction<unknown, number> = map(() => 3)

  test('as the first stage, and alone', () => {
    start.pipe(
      // @ts-expect-error: a number
      map((step) => step.minibatch.size),
    )
    start.pipe(
      // @ts-expect-error: a number
      numbers,
      teacher,
      distill(),
      mask,
    )
  })

  test('after other stages', () => {
    start.pipe(
      teacher,
      distill(),
      // @ts-expect-error: pairs of steps
      pairwise(),
      mask,
      attackEval(attacks),
    )
    start.pipe(
      teacher,
      distill(),
      tap(({ student }) => student.mask),
      // @ts-expect-error: lists of steps
      bufferCount(2),
      mask,
      exportModel('a.onnx'),
    )
    start.pipe(
      teacher,
      map((step) => step),
      distill(),
      mask,
      // @ts-expect-error: notifications
      materialize(),
      attackEval(attacks),
      tap(({ minibatch }) => minibatch.size),
    )
  })

  test('as the last stage', () => {
    start.pipe(
      teacher,
      distill(),
      mask,
      // @ts-expect-error: no minibatch
      map(({ run }) => ({ run })),
    )
  })

  test('where a field has another type', () => {
    start.pipe(
      teacher,
      distill(),
      // @ts-expect-error: the run is its seed
      map((step) => ({ ...step, run: step.run.seed })),
      mask,
    )
  })
})

test('an operator that drops fields is right; the next stage that needs one is reported', () => {
  start.pipe(
    teacher,
    distill(),
    map(({ run, minibatch }) => ({ run, minibatch })),
    tap(({ minibatch }) => minibatch.size),
    // @ts-expect-error: the student was dropped
    mask,
  )
})

test('a helper for pipelines with a student keeps what else is on the step', () => {
  const withLoss = <S extends Step & HasStudent & HasTeacher>(given: Pipeline<S>): Pipeline<S & HasTerms> =>
    given.pipe(distill())
  expectTypeOf(withLoss(start.pipe(teacher))).toEqualTypeOf<Pipeline<Step & HasTeacher & HasStudent & HasTerms>>()
})
