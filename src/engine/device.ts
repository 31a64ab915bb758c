/** How operations are run, which depends on the device that computes. */
export interface DeviceRules {
  /**
   * `graphs`: a network, an optimizer and HSIC are one call each. `operations`: one call an operation, whose results stay
   * on the device. A graph's inputs and outputs are copied through the host, which on a GPU takes longer than the calls.
   */
  readonly runs: 'graphs' | 'operations'
  /** What the second reserved output of `FusedBatchNormV3` is, and what its gradient takes in that place. */
  readonly reserved: 'variance' | 'inverse deviation'
  /** On a GPU TensorFlow has no `SoftmaxCrossEntropyWithLogits` that gives the same bits twice, and refuses it. */
  readonly crossEntropy: 'fused' | 'operations'
}

/** A kind of device. */
export type DeviceKind = 'cpu' | 'gpu'

/** The rules by kind of device. */
export const deviceRules: Readonly<Record<DeviceKind, DeviceRules>> = {
  cpu: { runs: 'graphs', reserved: 'variance', crossEntropy: 'fused' },
  gpu: { runs: 'operations', reserved: 'inverse deviation', crossEntropy: 'operations' },
}

let current: DeviceRules = deviceRules.cpu

/** The rules of the device in use. */
export const rules = (): DeviceRules => current

/** Makes these the rules. Only `loadEngine`, and tests of a device that is not there, call this. */
export const useRules = (given: DeviceRules): void => {
  current = given
}
