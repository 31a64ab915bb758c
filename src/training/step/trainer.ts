import type { Tensor4D } from '@tensorflow/tfjs-core'
import { defer, map, type Observable, takeWhile } from 'rxjs'
import { rejectOption } from '../../dsl/errors.js'
import type { RunEvent } from '../../dsl/events.js'
import { drawn } from '../../dsl/kit/drawn.js'
import { traced } from '../../dsl/kit/traced.js'
import { enrich } from '../../dsl/stages/enrich.js'
import {
  type HasLimit,
  type HasTerms,
  type HasTraining,
  nextPosition,
  type Step,
  type TrainingMetrics,
} from '../../dsl/step.js'
import type { HasGuide, HasStudent, Student } from '../network/network.js'
import { checkMinibatches } from './checkMinibatches.js'
import { EpochMeans } from './epochMeans.js'
import type { FileBudget } from './fileBudget.js'
import { layerWeights } from './layerWeights.js'
import { TrainingMemory } from './memory.js'
import type { PhasePlan } from './phasePlan.js'
import type { Progress } from './schedule.js'
import { trainStep } from './trainStep.js'

/** What a stage that trains needs before it. */
export type Trainable = HasStudent & HasTerms

/** A stage's training: its name, its phases in order, and what to do when the last one is over. */
export interface Training {
  readonly stage: string
  readonly phases: readonly PhasePlan[]
  /** Called once before the first step of all, with its images. */
  readonly prepare?: (student: Student, memory: TrainingMemory, images: Tensor4D) => void
  /** What a file of the trained network may take; every step carries it. */
  readonly budget?: FileBudget | undefined
  /** Called once after the last step, before it is emitted. */
  readonly end?: (student: Student, memory: TrainingMemory) => readonly RunEvent[]
}

/**
 * Trains the student phase by phase, one step a minibatch, and emits each step in numbers. Completes after the last
 * step. The minibatch's tensors are read during the step only. After `limit`, each phase ends after so many steps.
 */
export const trainer =
  ({ stage, phases, prepare, end, budget }: Training) =>
  <S extends Step & Trainable & Partial<HasGuide & HasLimit>>(source: Observable<S>): Observable<S & HasTraining> =>
    defer(() => {
      const memory = new TrainingMemory()
      const means = new EpochMeans()
      let started = false
      const trained = (step: S, training: TrainingMetrics): S & HasTraining =>
        enrich(stage, step, { training, ...(budget ? { budget } : {}) })

      const start = ({ run, terms }: S): void => {
        started = true
        const idle = phases.find(({ phase }) => !terms.some((term) => term.phases.includes(phase)))
        if (idle) rejectOption(stage, `a loss term that acts in phase ${idle.phase}`, 'none')
        const saved = run.restore(stage)
        if (saved) memory.restore(saved)
        run.provide(stage, () => memory.snapshot())
        run.atEnd(() => memory.forget(''))
      }

      const advance = (step: S): S & HasTraining => {
        if (!started) start(step)
        const { run, student, guide, minibatch, limit } = step
        const done = memory.number('step', 0)
        const stepsOf = ({ epochs }: PhasePlan): number =>
          Math.min(epochs * minibatch.batches, ...[limit, run.data.trial].flatMap((end) => end?.steps ?? []))
        const steps = phases.reduce((sum, phase) => sum + stepsOf(phase), 0)
        // A run that was stopped after its last step only has its evaluation left.
        if (done >= steps) return trained(step, finished(phases, minibatch.batches, steps))

        for (const { architecture } of guide ? [student, guide] : [student]) checkMinibatches(stage, step, architecture)
        const index = memory.number('phase', 0)
        const plan = phases[index] as PhasePlan
        const inPhase = memory.number('phaseStep', 0)
        const epoch = Math.floor(inPhase / minibatch.batches)
        const batch = inPhase % minibatch.batches
        if (inPhase === 0) {
          if (done === 0) prepare?.(student, memory, minibatch.images)
          memory.forget('slot.')
          plan.begin?.(student, memory)
          run.emit({ type: 'phase', stage, phase: plan.phase, epochs: plan.epochs })
        }
        if (batch === 0) for (const event of plan.beginEpoch?.(student, memory, epoch) ?? []) run.emit(event)
        const phaseSteps = stepsOf(plan)
        const progress = { step: inPhase, steps: phaseSteps, epoch, epochs: plan.epochs }
        plan.beforeStep?.(student, memory, progress)
        const learningRate = plan.learningRate * factorOf(plan, progress)
        const work = {
          stage,
          plan,
          student,
          guide,
          memory,
          terms: step.terms,
          minibatch,
          step: inPhase + 1,
          learningRate,
        }
        const losses = traced('rest of the step', () => trainStep(work))
        const seconds = (performance.now() - minibatch.began) / 1000
        const over = inPhase + 1 === phaseSteps
        memory.setNumber('step', done + 1)
        memory.setNumber('phase', over ? index + 1 : index)
        memory.setNumber('phaseStep', over ? 0 : inPhase + 1)
        run.reached(nextPosition(minibatch))
        const training: TrainingMetrics = {
          phase: plan.phase,
          epoch,
          epochs: plan.epochs,
          batch,
          batches: minibatch.batches,
          step: done + 1,
          steps,
          learningRate,
          ...losses,
          seconds,
        }
        means.add(training)
        const closing = done + 1 === steps ? (end?.(student, memory) ?? []) : []
        if (over || batch + 1 === minibatch.batches) {
          run.emit({ type: 'epoch', stage, phase: plan.phase, epoch, epochs: plan.epochs, ...means.take() })
          run.emit({ type: 'weights', phase: plan.phase, epoch, layers: layerWeights(student) })
        }
        for (const event of closing) run.emit(event)
        return trained(step, training)
      }

      return source.pipe(
        map(advance),
        takeWhile(({ training }) => training.step < training.steps, true),
      )
    })

/** The factor of a schedule, which may be the user's own. */
const factorOf = ({ schedule }: PhasePlan, progress: Progress): number => {
  const factor = schedule.factor(progress)
  if (Number.isFinite(factor) && factor >= 0) return factor
  return rejectOption(`schedule ${schedule.name}`, `a factor >= 0 at step ${progress.step + 1}`, drawn(factor))
}

const finished = (phases: readonly PhasePlan[], batches: number, steps: number): TrainingMetrics => {
  const last = phases.at(-1)
  return {
    phase: last?.phase ?? 'train',
    epoch: (last?.epochs ?? 1) - 1,
    epochs: last?.epochs ?? 1,
    batch: batches - 1,
    batches,
    step: steps,
    steps,
    learningRate: 0,
    loss: 0,
    terms: {},
    seconds: 0,
  }
}
