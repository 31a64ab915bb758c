/**
 * What compiles and what does not. Each `@ts-expect-error` is above the misplaced stage: an error anywhere else, or no
 * error, fails the test.
 */
import {
  admmMask,
  adversarial,
  advPrune,
  apd,
  architecture,
  asynchronous,
  attackEval,
  blockNoise,
  conv2d,
  crossEntropy,
  definePipeline,
  distill,
  enrich,
  exportModel,
  fgsm,
  flatten,
  type HasGuide,
  type HasStudent,
  type HasTeacher,
  type HasTerms,
  type HasTraining,
  hsicRegularize,
  hydra,
  initialise,
  lbgat,
  learnedMask,
  linear,
  loadTeacher,
  lossTerm,
  mnist,
  naive,
  type Op,
  type Pipeline,
  param,
  parameters,
  perturb,
  pipeline,
  pwoa,
  type Step,
  shrink,
  stage,
  syntheticDigits,
  tf,
  trades,
  train,
  vib,
} from 'pwoa'
import { delay, filter, map, take, tap } from 'rxjs'
import { describe, expectTypeOf, test } from 'vitest'

const start = pipeline('types', mnist())
const teacher = loadTeacher('t.pth', { architecture: 'mnistNet' })
const mask = admmMask({ pattern: 'irregular', rate: 4 })
const attacks = [fgsm({ epsilon: 0.3 })]

describe('right orders compile', () => {
  test('robust losses, and named methods before an export', () => {
    const attack = fgsm({ epsilon: 0.3 })
    const each = { pattern: 'irregular', rate: 4 } as const
    const trained = start.pipe(
      initialise('mnistNet'),
      lbgat(attack),
      train({ epochs: 1 }),
      exportModel('t.safetensors'),
    )
    expectTypeOf(trained).toExtend<Pipeline<Step & HasStudent & HasGuide & HasTraining>>()
    start.pipe(teacher, trades(attack), learnedMask(each), exportModel('s.safetensors'))
    start.pipe(initialise('mnistNet'), crossEntropy(), vib(), train({ epochs: 1 }), exportModel('t.onnx'))
    for (const method of [advPrune(attack, each), hydra(attack, each), naive(each)])
      start.pipe(teacher, method, exportModel('s.safetensors'))
    start.pipe(teacher, apd(attack, each), attackEval(attacks), exportModel('s.safetensors'))
  })

  test('the README pipeline', () => {
    const whole = start.pipe(
      teacher,
      perturb(blockNoise({ epsilon: 0.3 })),
      distill({ temperature: 30, alpha: 10 }),
      hsicRegularize({ lambdaX: 2e-4, lambdaY: 5e-5 }),
      mask,
      attackEval(attacks),
      exportModel('s.safetensors'),
    )
    expectTypeOf(whole).toEqualTypeOf<Pipeline<Step & HasTeacher & HasStudent & HasTerms & HasTraining>>()
  })

  test('a teacher', () => {
    start.pipe(
      initialise('mnistNet'),
      adversarial(fgsm({ epsilon: 0.3 })),
      crossEntropy(),
      train({ epochs: 1 }),
      exportModel('t.safetensors'),
    )
  })

  test('an evaluation alone, and no stages', () => {
    start.pipe(teacher, attackEval(attacks))
    start.pipe(loadTeacher('t.onnx'), shrink(), attackEval(attacks), exportModel('small.onnx'))
    expectTypeOf(start.pipe()).toEqualTypeOf<Pipeline<Step>>()
  })

  test('pipes in several calls keep the fields', () => {
    start.pipe(teacher).pipe(distill()).pipe(mask).pipe(exportModel('s.safetensors'))
  })

  test('plain RxJS operators keep the fields', () => {
    start.pipe(
      filter(({ minibatch }) => minibatch.size > 1),
      teacher,
      tap(({ student, teacher: robust }) => [student.mask, robust.architecture]),
      distill(),
      asynchronous(delay(1)),
      mask,
      take(3),
      tap(({ training }) => training.loss.toFixed(3)),
    )
  })

  test('stages in constants fit pipelines with other fields', () => {
    const loss = crossEntropy()
    const own = lossTerm('own', ({ logits }) => tf.mul(tf.mean(tf.square(logits)), 0.1))
    start.pipe(teacher, loss, own, mask, attackEval(attacks))
    start.pipe(initialise('mnistNet'), loss, own, train({ epochs: 1 }), exportModel('s.safetensors'))
    expectTypeOf(loss).toEqualTypeOf<Op<HasStudent, HasTerms>>()
  })

  test('a custom stage with its own field', () => {
    const marked: Op<unknown, { readonly mark: number }> = stage(
      { stage: 'marked', config: {}, needs: [], adds: ['mark'] },
      (source) => source.pipe(map((step) => enrich('marked', step, { mark: 1 }))),
    )
    start.pipe(
      marked,
      teacher,
      tap(({ mark, student }) => [mark.toFixed(), student.mask]),
    )
  })

  test('a custom architecture', () => {
    const own = architecture('own', { height: 28, width: 28, channels: 1 }, [
      conv2d('conv', { out: 8, kernel: 5 }),
      flatten(),
      linear('fc', { out: 10 }),
    ])
    pipeline('own', syntheticDigits()).pipe(initialise(own), crossEntropy(), train({ epochs: 1 }))
  })
})

describe('a misplaced stage does not compile, and the error is on it', () => {
  test('distill before a teacher', () => {
    start.pipe(
      // @ts-expect-error there is no teacher yet
      distill(),
      teacher,
      mask,
    )
  })

  test('distill after a new network only', () => {
    start.pipe(
      initialise('mnistNet'),
      // @ts-expect-error a student, but no teacher
      distill(),
      mask,
    )
  })

  test('a loss before any network', () => {
    start.pipe(
      // @ts-expect-error no student yet
      crossEntropy(),
      teacher,
    )
    start.pipe(
      // @ts-expect-error no student yet
      hsicRegularize({ lambdaX: 0, lambdaY: 0 }),
      teacher,
    )
    start.pipe(
      // @ts-expect-error no student yet
      lossTerm('own', ({ logits }) => tf.mean(logits)),
      teacher,
    )
  })

  test('a mask before any loss', () => {
    start.pipe(
      teacher,
      // @ts-expect-error no loss yet
      mask,
      attackEval(attacks),
    )
  })

  test('training before any loss', () => {
    start.pipe(
      initialise('mnistNet'),
      // @ts-expect-error no loss yet
      train({ epochs: 1 }),
    )
  })

  test('an evaluation or an attack before any network', () => {
    start.pipe(
      // @ts-expect-error no student yet
      attackEval(attacks),
      teacher,
    )
    start.pipe(
      // @ts-expect-error no student yet
      adversarial(fgsm({ epsilon: 0.3 })),
      teacher,
    )
  })

  test('a method that distils without a teacher', () => {
    start.pipe(
      initialise('mnistNet'),
      // @ts-expect-error no teacher
      apd(fgsm({ epsilon: 0.3 }), { pattern: 'irregular', rate: 4 }),
    )
    start.pipe(
      initialise('mnistNet'),
      // @ts-expect-error no teacher
      pwoa({ pattern: 'irregular', rate: 4, hsic: { lambdaX: 0, lambdaY: 0 } }),
    )
  })

  test('a mask without a loss', () => {
    start.pipe(
      teacher,
      // @ts-expect-error no terms
      learnedMask({ pattern: 'irregular', rate: 4 }),
    )
  })

  test('an export before training', () => {
    start.pipe(
      teacher,
      distill(),
      // @ts-expect-error nothing is trained yet
      exportModel('s.safetensors'),
      mask,
    )
  })

  test('in the last of several pipes', () => {
    start.pipe(teacher).pipe(
      // @ts-expect-error no loss yet
      mask,
    )
  })

  test('after a map that drops fields', () => {
    start.pipe(
      teacher,
      map(({ run, minibatch }) => ({ run, minibatch })),
      // @ts-expect-error the teacher was dropped
      distill(),
    )
  })
})

describe('options and steps are typed', () => {
  test('unknown or missing options', () => {
    // @ts-expect-error no such pattern
    admmMask({ pattern: 'diagonal', rate: 4 })
    // @ts-expect-error a rate is missing
    admmMask({ pattern: 'irregular' })
    // @ts-expect-error no such option
    distill({ temprature: 30 })
    // @ts-expect-error epochs are missing
    train({})
    // @ts-expect-error no such phase
    crossEntropy({ phases: ['warmup'] })
  })

  test('steps are read-only', () => {
    start.pipe(
      tap((step) => {
        const { minibatch } = step
        // @ts-expect-error read-only
        step.minibatch = minibatch
      }),
    )
  })

  test('parameters of a pipeline', () => {
    const codec = parameters({
      rate: param.number({ default: 4, help: 'Compression.' }),
      checkpoint: param.text({ help: 'A file.' }),
      pattern: param.choice(['irregular', 'filter'], { default: 'irregular', help: 'Pattern.' }),
      epochs: param.integer({ default: 5, help: 'Epochs.' }),
      attacks: param.list(param.choice(['fgsm', 'pgd'], { help: 'An attack.' }), {
        default: ['fgsm'],
        help: 'Attacks.',
      }),
    })
    definePipeline(codec, (p) => {
      expectTypeOf(p.rate).toEqualTypeOf<number>()
      expectTypeOf(p.checkpoint).toEqualTypeOf<string>()
      expectTypeOf(p.pattern).toEqualTypeOf<'irregular' | 'filter'>()
      expectTypeOf(p.epochs).toEqualTypeOf<number>()
      expectTypeOf(p.attacks).toEqualTypeOf<readonly ('fgsm' | 'pgd')[]>()
      // @ts-expect-error no such parameter
      p.ratio
      return start.pipe(loadTeacher(p.checkpoint, { architecture: 'mnistNet' }), attackEval(attacks))
    })
  })
})
