/** Linear bounds against auto_LiRPA: scripts/golden_bounds.py. */
import { readFileSync } from 'node:fs'
import type { Tensor4D } from '@tensorflow/tfjs-core'
import { isLeft } from 'fp-ts/lib/Either.js'
import { expect, it } from 'vitest'
import { describeError } from '../../src/dsl/errors.js'
import { tf } from '../../src/engine/tf.js'
import { type Architecture, architecture } from '../../src/models/architecture/architecture.js'
import { crownBounds } from '../../src/models/bounds/crown.js'
import { unflatten } from '../../src/models/forward/forward.js'
import { add, avgPool2d, conv2d, flatten, linear, relu } from '../../src/models/layers/layers.js'
import { packNetwork } from '../../src/models/parameters/weights.js'
import { seededNumbers } from '../support/numbers.js'
import { seededState } from '../support/torchValues.js'

interface Golden {
  readonly source: string
  readonly settings: {
    readonly examples: number
    readonly classes: number
    readonly side: number
    readonly images: number
  }
  readonly cases: readonly {
    readonly network: 'Residual' | 'Plain'
    readonly norm: 'Linf' | 'L2'
    readonly epsilon: number
    readonly tensors: readonly (readonly [string, readonly number[]])[]
    readonly lower: readonly (readonly number[])[]
  }[]
}

const golden: Golden = JSON.parse(readFileSync(new URL('bounds.json', import.meta.url), 'utf8'))
const { examples, classes, side, images: imageSeed } = golden.settings
const shape = { height: side, width: side, channels: 2 }

const networks: Readonly<Record<'Residual' | 'Plain', Architecture>> = {
  Residual: architecture('residual', shape, [
    conv2d('conv1', { out: 4, kernel: 3, padding: 1 }),
    relu({ id: 'a' }),
    conv2d('conv2', { out: 4, kernel: 3, padding: 1 }),
    conv2d('shortcut', { out: 4, kernel: 1, inputs: ['a'] }),
    add(['conv2', 'shortcut']),
    relu(),
    avgPool2d({ kernel: 2 }),
    flatten(),
    linear('fc1', { out: 8 }),
    relu(),
    linear('fc2', { out: classes }),
  ]),
  Plain: architecture('plain', shape, [
    flatten(),
    linear('fc1', { out: 12 }),
    relu(),
    linear('fc2', { out: 10 }),
    relu(),
    linear('fc3', { out: classes }),
  ]),
}

/** Sums in float32 of up to a hundred products of about 1, through up to four layers. */
const TOLERANCE = 2e-5

it.each(golden.cases.map((one) => [`${one.network} ${one.norm} ${one.epsilon}`, one] as const))(
  'has the bounds of auto_LiRPA: %s',
  (_, { network, norm, epsilon, tensors, lower }) => {
    const made = networks[network]
    const packed = packNetwork('test', 'seeded', made, seededState(tensors))
    if (isLeft(packed)) throw new Error(describeError(packed.left))
    tf.tidy(() => {
      const parameters = unflatten(made, tf.tensor1d(packed.right.weights))
      const images = tf.tensor4d(seededNumbers(imageSeed, examples * side * side * 2).map(Math.abs), [
        examples,
        side,
        side,
        2,
      ])
      const margins = tf.tensor2d(
        Array.from({ length: classes - 1 }, (_, other) =>
          Array.from({ length: classes }, (_, one) => (one === 0 ? 1 : one === other + 1 ? -1 : 0)),
        ),
      )
      for (const [example, expected] of lower.entries()) {
        const image = tf.slice(images, example, 1) as Tensor4D
        const found = crownBounds({ architecture: made, parameters }, image, { norm, epsilon }, margins)
        for (const [i, bound] of expected.entries())
          expect(Math.abs((found.lower[i] ?? Number.NaN) - bound)).toBeLessThan(TOLERANCE)
        expect(found.unstable).toBeLessThanOrEqual(found.relus)
      }
    })
  },
)
