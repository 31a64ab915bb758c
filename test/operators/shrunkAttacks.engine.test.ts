/** The smaller network is attacked instead of the pruned one: the same examples break. */
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { apgd } from '../../src/attacks/apgd/apgd.js'
import { evaluate } from '../../src/attacks/evaluation/evaluate.js'
import { fgsm } from '../../src/attacks/fgsm.js'
import { tf } from '../../src/engine/tf.js'
import { projectionMask } from '../../src/math/projection.js'
import type { Architecture } from '../../src/models/architecture/architecture.js'
import { countsOf } from '../../src/models/parameters/counts.js'
import { parametersOf } from '../../src/models/parameters/parameters.js'
import type { PlainNetwork } from '../../src/models/parameters/plainNetwork.js'
import { unpackWeights } from '../../src/models/parameters/weights.js'
import { shrinkNetwork } from '../../src/models/shrink/shrinkNetwork.js'
import { resnet18 } from '../../src/models/zoo/resnet.js'
import { mnistNet } from '../../src/models/zoo/zoo.js'
import { attackEval } from '../../src/operators/attackEval.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { initialise } from '../../src/operators/initialise.js'
import { loadTeacher } from '../../src/operators/loadTeacher.js'
import { magnitudePrune } from '../../src/operators/magnitudePrune.js'
import { shrink } from '../../src/operators/shrink.js'
import { subjectOf } from '../../src/training/evaluation/evaluationSubject.js'
import { Student } from '../../src/training/network/network.js'
import { collect, fakeRun, normalisedNet, tinyData, tinyNet } from '../support/context.js'
import { seededNumbers } from '../support/numbers.js'
import { seededNetwork } from '../support/randomNetworks.js'
import { checkpointFile, lentSteps } from '../support/steps.js'

/** Seeded weights; half of the filters of all layers but the last are pruned. */
const pruned = (net: Architecture): PlainNetwork => {
  const { weights, statistics } = seededNetwork(net)
  const mask = new Float32Array(weights.length).fill(1)
  const prunable = parametersOf(net).filter(({ role }) => role === 'weight')
  for (const { offset, size, shape } of prunable.slice(0, -1)) {
    const columns = shape.at(-1) ?? 1
    const values = weights.subarray(offset, offset + size)
    mask.set(projectionMask({ values, rows: size / columns, columns }, 'filter', 2), offset)
  }
  return { architecture: net, weights: weights.map((value, i) => value * (mask[i] ?? 0)), statistics, mask }
}

const EXAMPLES = 16

/**
 * Noise as images, labelled with the classes that `of` predicts. The mean of each logit is subtracted: a random network
 * would predict one class everywhere.
 */
const attacked = async (network: PlainNetwork, of: PlainNetwork, epsilon: number) => {
  const { architecture: net } = network
  const size = net.input.height * net.input.width * net.input.channels
  const pixels = seededNumbers(9, EXAMPLES * size).map((value) => 0.5 + 0.5 * value)
  const imagesAt = (indices: Uint32Array) =>
    tf.tensor4d(Float32Array.from([...indices].flatMap((i) => [...pixels.subarray(i * size, (i + 1) * size)])), [
      indices.length,
      net.input.height,
      net.input.width,
      net.input.channels,
    ])
  const [student, reference] = [network, of].map(
    ({ architecture, weights, statistics }) => new Student(architecture, weights, statistics),
  )
  if (!student || !reference) throw new Error('no networks')
  const centre = tf.tidy(() =>
    tf.mean(reference.logits(imagesAt(Uint32Array.from({ length: EXAMPLES }, (_, i) => i))), 0),
  )
  const centred = (by: Student, images: Tensor4D): Tensor2D => tf.sub(by.logits(images), centre)
  const { outcomes, accuracies } = await evaluate({
    classifier: (images) => centred(student, images),
    attacks: [fgsm({ epsilon }), apgd({ epsilon, steps: 10 })],
    indices: Uint32Array.from({ length: EXAMPLES }, (_, i) => i),
    batchOf: (indices) =>
      tf.tidy(() => {
        const images = imagesAt(indices)
        const classes = tf.argMax(centred(reference, images), 1)
        return { images, labels: tf.cast(tf.oneHot(classes, net.classes), 'float32') as Tensor2D }
      }),
    batchSize: 8,
    seed: 3,
    signal: new AbortController().signal,
    resting: () => undefined,
    journal: { entries: new Map(), add: () => undefined },
    keepImages: 0,
    onProgress: () => undefined,
    onStage: () => undefined,
    onWarning: () => undefined,
  })
  centre.dispose()
  student.dispose()
  reference.dispose()
  return { broken: outcomes.map(({ index, brokenBy }) => ({ index, brokenBy })), accuracies: accuracies.attacks }
}

describe('attacks on the shrunk network', () => {
  it.each([
    ['mnistNet', mnistNet, 0.004],
    ['a ResNet-18', resnet18({ width: 4 }), 0.004],
  ] as const)('break the same examples of %s as on the pruned one', async (_name, net, epsilon) => {
    const network = pruned(net)
    const shrunk = shrinkNetwork(network)
    expect(countsOf(shrunk.architecture).flops).toBeLessThan(0.8 * countsOf(network.architecture).flops)
    const [before, after] = [await attacked(network, network, epsilon), await attacked(shrunk, network, epsilon)]
    expect(after).toEqual(before)
    // Not an empty check: some examples break and some survive.
    const least = Math.min(...Object.values(before.accuracies))
    expect(least).toBeGreaterThan(0)
    expect(least).toBeLessThan(1)
  })

  it('are what attackEval does after shrink, even if nothing trains', async () => {
    const file = checkpointFile(unpackWeights(tinyNet, pruned(tinyNet).weights))
    const fake = fakeRun()
    const stages = lentSteps(fake, 8).pipe(
      loadTeacher(file, { architecture: tinyNet }),
      shrink(),
      attackEval([apgd({ epsilon: 0.02, steps: 2 })]),
    )
    const attackedNetworks = await collect(stages, ({ student, teacher }) =>
      [student, teacher].map((network) => subjectOf(tinyData, network, tinyData.test.count).network),
    )
    const [small, whole] = attackedNetworks.at(-1) ?? []
    expect(small).not.toBe(whole)
    expect(fake.journals.get('attackEval-before')?.get('subject')).toMatchObject({ network: small })
    fake.end()
  })

  it('are what attackEval does after shrink, with the same outcome for each example', async () => {
    const run = async (stages: 'pruned' | 'shrunk') => {
      const fake = fakeRun()
      const trained = lentSteps(fake, 8).pipe(
        initialise(normalisedNet),
        crossEntropy(),
        magnitudePrune({ pattern: 'filter', rate: 2, exclude: ['fc'], epochs: 0, retrainEpochs: 4 }),
      )
      const evaluation = attackEval([apgd({ epsilon: 0.02, steps: 10 })], { subjects: ['after'] })
      const names = await collect(
        stages === 'shrunk' ? trained.pipe(shrink(), evaluation) : trained.pipe(evaluation),
        ({ student }) => student,
      )
      fake.end()
      const lines = String(fake.artifacts.get('attacks.jsonl')).trim().split('\n')
      return {
        network: names.at(-1)?.architecture.name,
        outcomes: lines.map((line) => {
          const { index, label, brokenBy } = JSON.parse(line)
          return { index, label, brokenBy }
        }),
        accuracies: fake.events.flatMap((event) =>
          event.type === 'evaluation' ? [{ clean: event.accuracies.clean, attacks: event.accuracies.attacks }] : [],
        ),
      }
    }
    const [whole, small] = [await run('pruned'), await run('shrunk')]
    expect([whole.network, small.network]).toEqual(['tiny normalised', 'tiny normalised, shrunk'])
    expect(small.outcomes).toEqual(whole.outcomes)
    expect(small.accuracies).toEqual(whole.accuracies)
    expect(whole.outcomes).toHaveLength(tinyData.test.count)
    expect(new Set(whole.outcomes.map(({ brokenBy }) => brokenBy)).size).toBeGreaterThan(1)
  })
})
