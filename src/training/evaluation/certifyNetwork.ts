import { setImmediate } from 'node:timers/promises'
import type { Tensor2D } from '@tensorflow/tfjs-core'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { logitsOf } from '../../attacks/common/ascend.js'
import type { Certificate } from '../../dsl/certificates.js'
import type { Journal, RunContext } from '../../dsl/context.js'
import { PwoaFailure } from '../../dsl/errors.js'
import { timeLeft } from '../../dsl/kit/timeLeft.js'
import type { EvaluationCost } from '../../dsl/trial.js'
import { tf } from '../../engine/tf.js'
import { checkBounded } from '../../models/bounds/affine.js'
import type { Ball } from '../../models/bounds/box.js'
import { type BoundedNetwork, crownBounds } from '../../models/bounds/crown.js'
import { foldingOf, foldParameters } from '../../models/forward/folding.js'
import { unflatten } from '../../models/forward/forward.js'
import { imagesOf } from '../network/images.js'
import type { Network } from '../network/network.js'
import { continueWith, subjectOf } from './evaluationSubject.js'

/** What to certify, and what to call it. */
export interface Certification extends Ball {
  readonly stage: string
  readonly subject: 'before' | 'after'
  /** How many test images, the first ones. */
  readonly examples: number
  /** Name of the file with a line for each example. */
  readonly file: string
}

const record = t.type({
  label: t.number,
  correct: t.boolean,
  /** The least margin of the label's logit over another one within ε, by the bounds; less what rounding may hide. */
  margin: t.number,
  /** Share of the ReLUs that are unstable. */
  unstable: t.number,
  seconds: t.number,
})

type Record = t.TypeOf<typeof record>

/**
 * Bounds a network's margins on the first test images by CROWN, and reports the share that is proved robust. Continues from
 * the images that an interrupted run has finished.
 *
 * @throws OptionError for a network with layers that the bounds don't cover, or finished work of another network
 */
export const certifyNetwork = async (run: RunContext, network: Network, work: Certification): Promise<void> => {
  const { stage, subject, norm, epsilon, file } = work
  const examples = run.data.trial?.meter ? Math.min(METERED, work.examples) : work.examples
  const journal = run.journal(`${stage}-${subject}`)
  continueWith(journal, stage, subjectOf(run.data, network, examples))
  const bounded = networkInUse(stage, network)
  const left = timeLeft()
  const records: Record[] = []
  try {
    for (let index = 0; index < examples; index++) {
      const found = finished(journal, String(index)) ?? certifyImage(run, network, bounded, work, index)
      if (!journal.entries.has(String(index))) journal.add(String(index), found)
      records.push(found)
      const proved = records.filter(isCertified).length
      run.emit({
        type: 'evaluating',
        subject,
        attack: stage,
        stage,
        done: index + 1,
        total: examples,
        robust: 1 - (index + 1 - proved) / examples,
        secondsLeft: left.at(index + 1, examples, performance.now() / 1000),
      })
      await setImmediate()
      await run.resting()
      run.signal.throwIfAborted()
    }
  } finally {
    for (const tensor of bounded.parameters.values()) tensor.dispose()
  }
  run.data.trial?.meter?.evaluated(costOf(work, records))
  const written = await run.writeArtifact(file, records.map((one, index) => lineOf(index, one)).join(''))()
  if (E.isLeft(written)) throw new PwoaFailure(written.left)
  const share = (of: (one: Record) => number): number => records.reduce((sum, one) => sum + of(one), 0) / examples
  const certificate: Certificate = {
    subject,
    norm,
    epsilon,
    clean: share(({ correct }) => Number(correct)),
    certified: share((one) => Number(isCertified(one))),
    unstable: share(({ unstable }) => unstable),
    examples,
    seconds: share(({ seconds }) => seconds) * examples,
  }
  run.emit({ type: 'certified', certificate })
}

/** Images that are timed in a measured trial: the first one also makes graphs and takes memory. */
const METERED = 3

/** What certifying takes for all images: as long for each as for the last one. */
const costOf = ({ stage, subject, examples }: Certification, records: readonly Record[]): EvaluationCost => ({
  stage,
  subject,
  attack: stage,
  part: stage,
  examples,
  seconds: examples * (records.at(-1)?.seconds ?? 0),
})

const isCertified = ({ correct, margin }: Record): boolean => correct && margin > 0

const lineOf = (index: number, one: Record): string => {
  const { label, correct, margin, unstable } = one
  return `${JSON.stringify({ index, label, correct, certified: isCertified(one), margin, unstable })}\n`
}

const finished = ({ entries }: Journal, key: string): Record | undefined => {
  const decoded = record.decode(entries.get(key))
  return E.isRight(decoded) ? decoded.right : undefined
}

/** The network by its running statistics. The caller frees its parameters. @throws OptionError as `checkBounded` does */
const networkInUse = (stage: string, { architecture: given, weights, statistics }: Network): BoundedNetwork => {
  const { architecture } = foldingOf(given)
  checkBounded(stage, architecture)
  const parameters = new Map<string, ReturnType<typeof tf.keep>>()
  tf.tidy(() => {
    for (const [name, tensor] of foldParameters(given, unflatten(given, weights), statistics))
      parameters.set(name, tf.keep(tf.clone(tensor)))
  })
  return { architecture, parameters }
}

const certifyImage = (
  { data }: RunContext,
  network: Network,
  bounded: BoundedNetwork,
  ball: Ball,
  index: number,
): Record => {
  const began = performance.now()
  const label = data.test.labels[index] ?? 0
  return tf.tidy(() => {
    const image = imagesOf(data.test, data.shape, Uint32Array.of(index))
    const logits = logitsOf((images) => network.logits(images), image)
    const correct = logits.every((logit, one) => one === label || logit < (logits[label] ?? Number.NaN))
    const { lower, slack, unstable, relus } = crownBounds(bounded, image, ball, marginsOf(label, data.classes))
    const margin = Math.min(...lower.map((bound, i) => bound - (slack[i] ?? 0)))
    const seconds = (performance.now() - began) / 1000
    return { label, correct, margin, unstable: relus === 0 ? 0 : unstable / relus, seconds }
  })
}

/** The label's logit minus each other one, a row each. */
const marginsOf = (label: number, classes: number): Tensor2D => {
  const others = Array.from({ length: classes }, (_, one) => one).filter((one) => one !== label)
  return tf.tensor2d(
    others.map((other) => Array.from({ length: classes }, (_, one) => Number(one === label) - Number(one === other))),
    [others.length, classes],
  )
}
