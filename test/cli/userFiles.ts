/** A stage that a user might write: it "trains" one number without tensors. Below it a pipeline with this stage. */
export const halving = `
import { concatMap, Observable, map, takeWhile, timer } from 'rxjs'
import { asynchronous, enrich, stage, type Step } from 'pwoa'

export const halve = (epochs: number, act: (done: number) => void = () => undefined) =>
  stage({ stage: 'halve', config: { epochs }, needs: [], adds: ['training'] }, (source) => {
    let weight = 1
    let done = -1
    return source.pipe(
      map((step) => {
        const { run, minibatch: { epoch, batch, batches } } = step
        const steps = epochs * batches
        if (done < 0) {
          const kept = run.restore('halve')
          weight = kept?.arrays.weight?.[0] ?? 1
          done = Number(kept?.values.done ?? 0)
          run.provide('halve', () => ({ arrays: { weight: Float32Array.of(weight) }, values: { done } }))
          run.emit({ type: 'phase', stage: 'halve', phase: 'train', epochs })
        }
        const training = () => ({ phase: 'train' as const, epoch, epochs, batch, batches, step: done, steps, learningRate: 1, loss: weight, terms: {}, seconds: 0.001 })
        // If the run was killed between its last step and its end, there is nothing left to train.
        if (done === steps) return enrich('halve', step, { training: training() })
        act(done)
        weight = Math.fround(weight / 2 + batch + epoch)
        done += 1
        run.reached(batch + 1 < batches ? { epoch, batch: batch + 1 } : { epoch: epoch + 1, batch: 0 })
        if (batch + 1 === batches) run.emit({ type: 'epoch', stage: 'halve', phase: 'train', epoch, epochs, loss: weight, terms: {}, seconds: 0.01 })
        return enrich('halve', step, { training: training() })
      }),
      takeWhile(({ training }) => training.step < training.steps, true),
    )
  })

export const evaluated = <S extends Step>(source: Observable<S>) =>
  new Observable<S>((subscriber) => {
    let run: S['run'] | undefined
    return source.subscribe({
      next: (step) => {
        if (!run) step.run.emit({ type: 'evaluation', subject: 'before', accuracies: { clean: 0.991, attacks: { pgd: 0.87 }, examples: 20 } })
        run = step.run
        subscriber.next(step)
      },
      error: (error) => subscriber.error(error),
      complete: () => {
        run?.emit({ type: 'parameters', counts: { total: 100, kept: 25, prunable: 100, prunableKept: 25, flops: 200, flopsKept: 50 } })
        run?.emit({ type: 'evaluation', subject: 'after', accuracies: { clean: 0.985, attacks: { pgd: 0.85 }, examples: 20 } })
        subscriber.complete()
      },
    })
  })

export const slowly = asynchronous<Step, Step>(concatMap((step) => timer(5).pipe(map(() => step))))
`

export const pipelineFile = `
import { definePipeline, param, parameters, pipeline, syntheticDigits } from 'pwoa'
import { evaluated, halve, slowly } from './lib/halving'

export default definePipeline(
  parameters({
    epochs: param.integer({ default: 2, min: 1, unit: 'epochs', help: 'Passes over the data.' }),
    pace: param.choice(['fast', 'slow'], { default: 'fast', help: 'How fast.' }),
  }),
  ({ epochs, pace }) => {
    const start = pipeline('halving', syntheticDigits({ train: 40, test: 20, batchSize: 10 }))
    return (pace === 'slow' ? start.pipe(slowly) : start).pipe(halve(epochs), evaluated)
  },
)
`

export const userFiles = { 'lib/halving.ts': halving, 'pipeline.ts': pipelineFile }
