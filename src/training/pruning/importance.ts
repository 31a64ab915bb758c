import type { Tensor1D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import type { Architecture } from '../../models/architecture/architecture.js'
import { parameterCount, parametersOf } from '../../models/parameters/parameters.js'
import type { Student } from '../network/network.js'
import type { TrainingMemory } from '../step/memory.js'
import { PREFIX, type PruningRule } from './maskStage.js'
import { maskOf, type PruningTask, type TaskOf } from './pruning.js'
import type { LayerRate } from './rates.js'

/** What the optimizer updates: scores of the pruned layers, batch normalisation's parameters. The rest is fixed. */
const SCORES = `${PREFIX}scores`
/** The weights that scores are of, 0 elsewhere. */
const DENSE = `${PREFIX}dense`
/** All parameters that are fixed, 0 elsewhere. */
const FROZEN = `${PREFIX}frozen`
/** 1 where the optimizer updates the parameters themselves. */
const FREE = `${PREFIX}free`

/**
 * HYDRA's rule: the forward pass runs on dense∘m(scores), and the gradient of the scores goes straight through m,
 * ∂L/∂s = ∂L/∂W∘dense∘sign(s).
 */
export const scoreRule = (taskOf: TaskOf): PruningRule => {
  const kept = (student: Student, memory: TrainingMemory): Float32Array =>
    maskOf(student.architecture, vectorOf(memory, SCORES).dataSync<'float32'>(), taskOf(student, memory))
  const realised = (student: Student, memory: TrainingMemory, scores: Tensor1D): Tensor1D =>
    tf.tidy(() => {
      const mask = tf.tensor1d(maskOf(student.architecture, scores.dataSync<'float32'>(), taskOf(student, memory)))
      const moving = tf.mul(scores, vectorOf(memory, FREE))
      return tf.addN([tf.mul(vectorOf(memory, DENSE), mask), moving, vectorOf(memory, FROZEN)]) as Tensor1D
    })
  return {
    begin: (student, memory) => {
      const { architecture } = student
      const weights = student.weights.dataSync<'float32'>()
      for (const [name, values] of Object.entries(beginning(architecture, weights, taskOf(student, memory))))
        memory.setVector(name, tf.tensor1d(values))
      student.replaceWeights(realised(student, memory, vectorOf(memory, SCORES)))
    },
    adjust: (_student, memory, gradient) => {
      const slope = tf.mul(tf.sign(vectorOf(memory, SCORES)), vectorOf(memory, DENSE))
      return tf.mul(gradient, tf.add(slope, vectorOf(memory, FREE))) as Tensor1D
    },
    moves: SCORES,
    realise: realised,
    // Without a scores phase there are no scores.
    settle: (student, memory) => (memory.vector(SCORES) ? kept(student, memory) : undefined),
  }
}

const beginning = (
  architecture: Architecture,
  weights: Float32Array,
  { rates }: PruningTask,
): Readonly<Record<string, Float32Array>> => {
  const none = (): Float32Array => new Float32Array(parameterCount(architecture))
  const [scores, dense, free] = [none(), none(), none()]
  const frozen = weights.slice()
  for (const { role, offset, size } of parametersOf(architecture)) {
    if (role !== 'scale' && role !== 'shift') continue
    free.fill(1, offset, offset + size)
    scores.set(weights.subarray(offset, offset + size), offset)
    frozen.fill(0, offset, offset + size)
  }
  for (const layer of rates) {
    const { offset, size } = layer.parameter
    const values = weights.subarray(offset, offset + size)
    scores.set(firstScores(values, layer), offset)
    dense.set(values, offset)
    frozen.fill(0, offset, offset + size)
  }
  return { [SCORES]: scores, [DENSE]: dense, [FREE]: free, [FROZEN]: frozen }
}

/** √(6/fan_in)·w / max|w|: as large as a Kaiming-uniform start, in the order of the magnitudes. */
const firstScores = (weights: Float32Array, { parameter: { size, shape } }: LayerRate): Float32Array => {
  const fanIn = size / (shape.at(-1) ?? 1)
  const largest = weights.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const scale = Math.sqrt(6 / fanIn) / (largest || 1)
  return weights.map((value) => value * scale)
}

const vectorOf = (memory: TrainingMemory, name: string): Tensor1D => {
  const vector = memory.vector(name)
  if (!vector) throw new Error(`no vector "${name}" in the memory`)
  return vector
}
