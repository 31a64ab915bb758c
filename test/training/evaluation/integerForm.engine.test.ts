/** Evaluation of the 8-bit C file of a network: its own answers, and attacks on networks that are nearly the file. */
import type { Tensor2D } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { apgd } from '../../../src/attacks/apgd/apgd.js'
import { autoAttack } from '../../../src/attacks/autoAttack.js'
import type { Attack, Classifier } from '../../../src/attacks/common/attack.js'
import { stagesOf } from '../../../src/attacks/evaluation/advice.js'
import { pgd } from '../../../src/attacks/pgd.js'
import { runAttack } from '../../../src/attacks/run.js'
import type { Dataset } from '../../../src/dsl/dataset.js'
import { PwoaFailure, valueOf } from '../../../src/dsl/errors.js'
import { tf } from '../../../src/engine/tf.js'
import { integerLogits } from '../../../src/io/checkpoints/c/reference.js'
import { type Architecture, architecture } from '../../../src/models/architecture/architecture.js'
import { prelu } from '../../../src/models/layers/activations.js'
import { add, conv2d, flatten, linear, maxPool2d, relu } from '../../../src/models/layers/layers.js'
import { shrinkNetwork } from '../../../src/models/shrink/shrinkNetwork.js'
import { integerForm } from '../../../src/training/evaluation/integerForm.js'
import { calibrate } from '../../../src/training/network/calibrate.js'
import { integerProgram } from '../../../src/training/network/cFiles.js'
import { imagesOf } from '../../../src/training/network/images.js'
import { Student } from '../../../src/training/network/network.js'
import { memory as alive } from '../../support/context.js'
import { seededNumbers } from '../../support/numbers.js'
import { seededNetwork } from '../../support/randomNetworks.js'

const COUNT = 6

const net = architecture('small', { height: 6, width: 6, channels: 2 }, [
  conv2d('first', { out: 4, kernel: 3, padding: 1 }),
  relu({ id: 'a' }),
  conv2d('second', { out: 4, kernel: 3, padding: 1 }),
  add(['a', 'second'], { id: 'sum' }),
  maxPool2d({ kernel: 2 }),
  flatten(),
  linear('head', { out: 3 }),
])

const dataOf = ({ input: shape, classes }: Architecture): Dataset => {
  const size = shape.height * shape.width * shape.channels
  const images = Uint8Array.from(seededNumbers(6, COUNT * size), (value) => 127.5 * (value + 1))
  const split = { count: COUNT, images, labels: Uint16Array.from({ length: COUNT }, (_, i) => i % classes) }
  return { name: 'noise', origin: 'synthetic', classes, shape, train: split, test: split }
}

const data = dataOf(net)
const indices = Uint32Array.from({ length: COUNT }, (_, i) => i)

const opened = async () => {
  const { weights, statistics } = seededNetwork(net, 2)
  const student = new Student(net, weights, statistics)
  const calibrated = calibrate(shrinkNetwork({ architecture: net, weights, statistics, mask: undefined }), data)
  const program = valueOf(integerProgram('net.int8.c', calibrated))
  return { student, program, form: await integerForm('attackEval', student, data) }
}

/** Images that an attack returns. */
const attacked = (attack: Attack, classifier: Classifier): Float32Array =>
  tf.tidy(() => {
    const images = imagesOf(data.test, data.shape, indices)
    // The classes that it answers: an attack leaves an example alone that is wrong already.
    const labels = tf.cast(tf.oneHot(tf.argMax(classifier(images), 1), data.classes), 'float32') as Tensor2D
    return runAttack(attack, { classifier, images, labels, indices, seed: 1 }).dataSync<'float32'>().slice()
  })

describe('the 8-bit file of a network', () => {
  it('answers with its own integers', async () => {
    const { student, program, form } = await opened()
    const before = alive()
    const logits = tf.tidy(() =>
      form
        .classifier(imagesOf(data.test, data.shape, indices))
        .dataSync()
        .slice(),
    )
    expect(alive()).toEqual(before)
    const size = data.test.images.length / COUNT
    const wanted = Array.from(indices, (n) => [
      ...integerLogits(program, data.test.images.subarray(n * size, (n + 1) * size)),
    ]).flat()
    expect([...logits]).toEqual(wanted.map((value) => Math.fround(value * program.unit)))
    form.release()
    student.dispose()
  })

  it('is attacked on the float network and on a twin in integers, by bytes within ε', async () => {
    const { student, form } = await opened()
    const epsilon = 0.1
    const all = form.attackOn(
      autoAttack({ epsilon, version: [apgd({ epsilon }), pgd({ epsilon, steps: 3, stepSize: 0.05 })] }),
    )
    expect(stagesOf(all).map(({ name }) => name)).toEqual([
      'apgd-ce on float',
      'pgd on float',
      'apgd-ce on int8',
      'pgd on int8',
    ])
    for (const stage of stagesOf(all)) {
      const bytes = attacked(stage, form.classifier).map((value) => value * 255)
      const changes = bytes.map((value, i) => value - (data.test.images[i] ?? 0))
      expect(Math.max(...bytes.map((value) => Math.abs(value - Math.round(value))))).toBeLessThan(1e-4)
      // 25.5 bytes, of which 25 are whole.
      expect(Math.max(...changes.map(Math.abs))).toBeCloseTo(25, 3)
    }
    form.release()
    student.dispose()
  })

  it('moves no farther in L2 than the attack did', async () => {
    const { student, form } = await opened()
    const attack = pgd({ norm: 'L2', epsilon: 0.5, steps: 3, stepSize: 0.2 })
    const size = data.test.images.length / COUNT
    for (const stage of stagesOf(form.attackOn(attack))) {
      const found = attacked(stage, form.classifier)
      for (const n of indices) {
        const own = Array.from(found.subarray(n * size, (n + 1) * size))
        const length = Math.hypot(...own.map((value, i) => value - (data.test.images[n * size + i] ?? 0) / 255))
        expect(length).toBeLessThanOrEqual(0.5 + 1e-6)
        expect(length).toBeGreaterThan(0.3)
      }
    }
    form.release()
    student.dispose()
  })

  it('is refused for a layer without C code, by its name', async () => {
    const odd = architecture('odd', net.input, [prelu('slope'), flatten(), linear('head', { out: 3 })])
    const student = new Student(odd, seededNetwork(odd).weights)
    await expect(integerForm('attackEval', student, dataOf(odd))).rejects.toThrow(PwoaFailure)
    await expect(integerForm('attackEval', student, dataOf(odd))).rejects.toThrow(/got a prelu layer, "slope"/)
    student.dispose()
  })
})
