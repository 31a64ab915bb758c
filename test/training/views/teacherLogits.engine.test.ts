import type { Tensor4D } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { tf } from '../../../src/engine/tf.js'
import { parameterCount } from '../../../src/models/parameters/parameters.js'
import { imagesOf } from '../../../src/training/network/images.js'
import { type Network, Student } from '../../../src/training/network/network.js'
import { TeacherLogits } from '../../../src/training/views/teacherLogits.js'
import { memory, tinyData, tinyNet } from '../../support/context.js'
import { seededNumbers } from '../../support/numbers.js'

/** A teacher that counts its forward passes. */
const setting = () => {
  const student = new Student(tinyNet, seededNumbers(5, parameterCount(tinyNet)))
  let asked = 0
  const teacher: Network = {
    architecture: tinyNet,
    weights: student.weights,
    statistics: student.statistics,
    logits: (images) => {
      asked += 1
      return student.logits(images)
    },
  }
  return { teacher, asked: () => asked, free: () => student.dispose() }
}

const imagesAt = (indices: Uint32Array): Tensor4D => imagesOf(tinyData.train, tinyData.shape, indices)

const valuesOf = (logits: TeacherLogits, indices: Uint32Array, images?: Tensor4D): Float32Array =>
  tf.tidy(() => logits.of(images ?? imagesAt(indices), images ? undefined : indices).dataSync<'float32'>())

describe('the logits of a teacher', () => {
  it('are computed once for each example, whatever its minibatch', () => {
    const { teacher, asked, free } = setting()
    const logits = new TeacherLogits(teacher, tinyData, undefined)
    const first = valuesOf(logits, Uint32Array.of(3, 1, 4, 0))
    valuesOf(logits, Uint32Array.of(7, 5))
    expect(asked()).toBe(2)
    const { tensors } = memory()
    const again = valuesOf(logits, Uint32Array.of(0, 7, 3))
    expect(memory().tensors).toBe(tensors)
    expect(asked()).toBe(2)
    expect(again.slice(0, 3)).toEqual(first.slice(9, 12))
    expect(again.slice(6, 9)).toEqual(first.slice(0, 3))
    valuesOf(logits, Uint32Array.of(0, 9))
    expect(asked(), 'one of them is new').toBe(3)
    free()
  })

  it('of images that a stage has changed are computed anew', () => {
    const { teacher, asked, free } = setting()
    const logits = new TeacherLogits(teacher, tinyData, undefined)
    const indices = Uint32Array.of(2, 6)
    const plain = valuesOf(logits, indices)
    const dark = tf.tidy(() => valuesOf(logits, indices, tf.mul(imagesAt(indices), 0.5) as Tensor4D))
    expect(asked()).toBe(2)
    expect(dark).not.toEqual(plain)
    expect(valuesOf(logits, indices)).toEqual(plain)
    free()
  })

  it('come back bit for bit in a resumed run', () => {
    const { teacher, asked, free } = setting()
    const logits = new TeacherLogits(teacher, tinyData, undefined)
    const before = valuesOf(logits, Uint32Array.of(8, 2))
    const saved = logits.snapshot()
    valuesOf(logits, Uint32Array.of(5))
    const resumed = new TeacherLogits(teacher, tinyData, saved)
    expect(valuesOf(resumed, Uint32Array.of(8, 2))).toEqual(before)
    expect(asked()).toBe(2)
    valuesOf(resumed, Uint32Array.of(5))
    expect(asked(), 'a snapshot is of its moment').toBe(3)
    free()
  })

  it('are not kept if they would take too much memory', () => {
    const { teacher, asked, free } = setting()
    const train = { ...tinyData.train, count: 2 ** 23 }
    const logits = new TeacherLogits(teacher, { ...tinyData, train }, undefined)
    for (let i = 0; i < 2; i++) valuesOf(logits, Uint32Array.of(1))
    expect(asked()).toBe(2)
    expect(logits.snapshot().arrays.logits).toHaveLength(0)
    free()
  })
})
