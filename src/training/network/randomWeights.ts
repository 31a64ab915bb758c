import { fillUniform, stream } from '../../math/random.js'
import type { Architecture } from '../../models/architecture/architecture.js'
import { parameterCount, parametersOf } from '../../models/parameters/parameters.js'

/**
 * PyTorch's default initialisation in the engine's layout: weights and bias of a layer uniform in ±1/√fan_in; batch
 * normalisation with γ = 1, β = 0; slopes of a PReLU 0.25.
 *
 * Source: `reset_parameters` of PyTorch's `Linear` and `Conv2d`: He et al., "Delving Deep into Rectifiers", ICCV 2015,
 * with a = √5, where the bound √(6/((1 + a²) fan_in)) is 1/√fan_in.
 *
 * @param key what the network is for: two of one run differ
 */
export const randomWeights = (architecture: Architecture, seed: number, key: string): Float32Array => {
  const flat = new Float32Array(parameterCount(architecture))
  let bound = 0
  for (const { name, role, size, offset, torchShape } of parametersOf(architecture)) {
    const values = flat.subarray(offset, offset + size)
    if (role === 'scale') values.fill(1)
    if (role === 'slope') values.fill(0.25)
    if (role === 'scale' || role === 'shift' || role === 'slope') continue
    // A bias shares the bound of the weight before it.
    if (role === 'weight') bound = 1 / Math.sqrt(size / (torchShape[0] ?? 1))
    fillUniform(values, -bound, bound, stream(seed, key, name))
  }
  return flat
}
