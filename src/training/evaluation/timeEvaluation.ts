import { setImmediate } from 'node:timers/promises'
import { logitsOf } from '../../attacks/common/ascend.js'
import type { Attack } from '../../attacks/common/attack.js'
import { stagesOf } from '../../attacks/evaluation/advice.js'
import { timeAttack } from '../../attacks/evaluation/timeAttack.js'
import type { RunContext } from '../../dsl/context.js'
import type { EvaluationCost, Meter, Trial } from '../../dsl/trial.js'
import { tf } from '../../engine/tf.js'
import { imagesOf, labelsOf } from '../network/images.js'
import type { Network } from '../network/network.js'
import { evaluateNetwork, type NetworkEvaluation } from './evaluateNetwork.js'
import { examplesAsked } from './testExamples.js'

/**
 * Times an evaluation in place of making it: the pass without an attack, and each attack, on one batch. The meter receives
 * what each would take for all images, if all of them reached it: later attacks of a sequence get fewer.
 *
 * @throws OptionError for more examples than the test set has, and what an attack throws
 */
export const timeEvaluation = async (
  { data, seed, signal }: RunContext,
  meter: Meter,
  network: Network,
  { stage, subject, attacks, batchSize, ...choice }: NetworkEvaluation,
): Promise<void> => {
  const examples = examplesAsked(stage, data, { ...choice, batchSize })
  const rows = Math.min(batchSize, examples, data.test.count)
  const indices = Uint32Array.from({ length: rows }, (_, row) => row)
  const images = imagesOf(data.test, data.shape, indices)
  const labels = labelsOf(data.test, data.classes, indices)
  const classifier: Network['logits'] = (some) => network.logits(some)
  const report = (part: Pick<EvaluationCost, 'attack' | 'part'>, seconds: number): void =>
    meter.evaluated({ stage, subject, ...part, examples, seconds: (seconds * examples) / rows })
  try {
    logitsOf(classifier, images)
    const began = performance.now()
    logitsOf(classifier, images)
    report({ attack: 'clean', part: 'clean' }, (performance.now() - began) / 1000)
    for (const attack of attacks)
      for (const one of stagesOf(attack)) {
        await setImmediate()
        const input = { classifier, images, labels, indices, seed }
        report({ attack: attack.name, part: one.name }, await timeAttack(one, { input, signal }))
      }
  } finally {
    tf.dispose([images, labels])
  }
}

/** Evaluates a network; a measured trial times that. @throws what either throws */
export const measureNetwork = async (
  run: RunContext,
  network: Network,
  evaluation: NetworkEvaluation,
): Promise<void> => {
  const { meter } = run.data.trial ?? {}
  if (meter) await timeEvaluation(run, meter, network, evaluation)
  else await evaluateNetwork(run, network, evaluation)
}

/** In a measured trial: what judging the network after one epoch would take with all images that are held out. */
export const meterValidation = (trial: Trial | undefined, { name }: Attack, rows: number, seconds: number): void =>
  trial?.meter?.evaluated({
    stage: 'validation',
    subject: 'epoch',
    attack: name,
    part: name,
    examples: trial.heldOut,
    seconds: (seconds * trial.heldOut) / rows,
  })
