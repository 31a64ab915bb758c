import type { Tensor4D } from '@tensorflow/tfjs-core'
import type { Attack, AttackInput, AttackSequence, Classifier } from '../../attacks/common/attack.js'
import { stagesOf } from '../../attacks/evaluation/advice.js'
import { type Dataset, imageSize } from '../../dsl/dataset.js'
import { valueOf, valueOfTask } from '../../dsl/errors.js'
import { tf } from '../../engine/tf.js'
import { integerLogits } from '../../io/checkpoints/c/reference.js'
import { encodeInt8 } from '../../io/checkpoints/onnx/encodeInt8.js'
import { readOnnx } from '../../io/checkpoints/onnx/readOnnx.js'
import { withoutHead } from '../../models/head/withoutHead.js'
import { selfDescribed } from '../../models/parameters/selfDescribed.js'
import { shrinkNetwork } from '../../models/shrink/shrinkNetwork.js'
import { calibrate } from '../network/calibrate.js'
import { integerProgram } from '../network/cFiles.js'
import { type Network, Student } from '../network/network.js'

/** A file that is evaluated: what it answers, and how it is attacked. */
export interface EvaluatedForm {
  /** The file's own answer, which has no gradient. */
  readonly classifier: Classifier
  /** The same attack, on networks that are nearly the file and have gradients. */
  readonly attackOn: (attack: Attack | AttackSequence) => Attack | AttackSequence
  /** Frees its tensors. */
  readonly release: () => void
}

const FILE = 'net.int8.c'

/**
 * The 8-bit C file of a network, `net.int8.c`, as `exportModel` would write it. Its answers are those of our integer
 * arithmetic, which the compiled file equals bit for bit. Each attack looks for candidates on two networks, the float
 * network and a straight-through twin of the integer one (the same grids and integers, with roundings whose gradient is
 * 1), and gives them back as bytes within ε. Only the file's answer decides whether a candidate breaks an example.
 *
 * @param data of the run: the file is calibrated on its training images
 * @throws FileError for a layer without C code, or one that 8-bit ONNX does not have
 */
export const integerForm = async (stage: string, network: Network, data: Dataset): Promise<EvaluatedForm> => {
  const { architecture } = network
  const weights = network.weights.dataSync<'float32'>().slice()
  const statistics = network.statistics.dataSync<'float32'>().slice()
  const calibrated = calibrate(shrinkNetwork(withoutHead({ architecture, weights, statistics, mask: undefined })), data)
  const program = valueOf(integerProgram(FILE, calibrated, stage))
  const bytes = valueOf(encodeInt8(calibrated.architecture, calibrated.weights, calibrated.ranges, FILE, stage))
  const read = valueOf(selfDescribed(stage, FILE, await valueOfTask(readOnnx(bytes, FILE, stage))))
  const twin = new Student(read.architecture, read.weights, read.statistics)
  const twins: readonly Twin[] = [
    { name: 'float', classifier: (images) => network.logits(images) },
    { name: 'int8', classifier: (images) => twin.logits(images) },
  ]
  const { classes } = architecture
  const size = imageSize(architecture.input)
  const answer = (pixels: Uint8Array): Float32Array => {
    const logits = new Float32Array((pixels.length / size) * classes)
    for (let n = 0; n * size < pixels.length; n++) {
      const own = integerLogits(program, pixels.subarray(n * size, (n + 1) * size))
      for (let c = 0; c < classes; c++) logits[n * classes + c] = (own[c] ?? 0) * program.unit
    }
    return logits
  }
  const remembered = rememberingLast(answer)
  return {
    classifier: (images) => tf.tensor2d(remembered(bytesOf(images)), [images.shape[0], classes]),
    attackOn: (attack) => ({
      name: attack.name,
      config: attack.config,
      stages: twins.flatMap((each) => stagesOf(attack).map((one) => transferred(one, each))),
    }),
    release: () => twin.dispose(),
  }
}

/** A network that is nearly the file. */
interface Twin {
  readonly name: string
  readonly classifier: Classifier
}

/** The nearest bytes of images in [0, 1]. */
const bytesOf = (images: Tensor4D): Uint8Array => Uint8Array.from(images.dataSync(), (value) => Math.round(255 * value))

/** A function of bytes that is not computed again for the same bytes as last time. */
const rememberingLast = (compute: (bytes: Uint8Array) => Float32Array): ((bytes: Uint8Array) => Float32Array) => {
  let last: readonly [Uint8Array, Float32Array] | undefined
  return (bytes) => {
    if (last === undefined || Buffer.compare(last[0], bytes) !== 0) last = [bytes, compute(bytes)]
    return last[1]
  }
}

/** An attack on a twin, whose images are bytes. */
const transferred = (attack: Attack, { name, classifier }: Twin): Attack => ({
  ...attack,
  name: `${attack.name} on ${name}`,
  *perturb(input: AttackInput) {
    const found = yield* attack.perturb({ ...input, classifier })
    try {
      return tf.tidy(() => inBytes(attack, input.images, found))
    } finally {
      found.dispose()
    }
  },
})

/** Images as bytes that are no farther from the originals: in L∞ the nearest within ε, else rounded towards them. */
const inBytes = ({ norm, epsilon }: Attack, images: Tensor4D, found: Tensor4D): Tensor4D => {
  const most = Math.floor(255 * epsilon + ROUNDING)
  const [from, to] = [images.dataSync(), found.dataSync()]
  const values = Float32Array.from(to, (value, i) => {
    const byte = Math.round(255 * (from[i] ?? 0))
    const change = 255 * value - byte
    const whole = norm === 'Linf' ? Math.max(-most, Math.min(most, Math.round(change))) : Math.trunc(change)
    return Math.max(0, Math.min(255, byte + whole)) / 255
  })
  return tf.tensor4d(values, images.shape)
}

/** What 255·ε may lose to float32. */
const ROUNDING = 1e-4
