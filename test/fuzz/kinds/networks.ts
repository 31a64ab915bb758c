import { encodeSafetensors, readSafetensors } from '../../../src/io/checkpoints/safetensors.js'
import { describeArchitecture } from '../../../src/models/architecture/description.js'
import { describeMask } from '../../../src/models/parameters/masks.js'
import { selfDescribed } from '../../../src/models/parameters/selfDescribed.js'
import { unpackStatistics, unpackWeights } from '../../../src/models/parameters/weights.js'
import { normalised } from '../../models/fixtures.js'
import { seededNetwork } from '../../support/randomNetworks.js'
import { type FuzzKind, must } from '../kind.js'

const { weights, statistics } = seededNetwork(normalised)
const tensors = new Map([...unpackWeights(normalised, weights), ...unpackStatistics(normalised, statistics)])
const mask = weights.map((value) => (value > 0 ? 1 : 0))

const file = (description: string, masks?: string): Uint8Array =>
  must(encodeSafetensors(tensors, { description, ...(masks === undefined ? {} : { masks }) }))

const description = Buffer.from(describeArchitecture(normalised))
const masks = Buffer.from(describeMask(normalised, mask))
const input = { height: 8, width: 8, channels: 1 }

const describing = (layers: readonly unknown[]): Uint8Array => file(JSON.stringify({ name: 'n', input, layers }))

const chain = (count: number): readonly unknown[] =>
  Array.from({ length: count }, (_, i) => ({ type: 'relu', id: `r${i + 1}`, inputs: [i === 0 ? 'input' : `r${i}`] }))

/** Networks that describe themselves, with masks. */
export const network: FuzzKind = {
  seeds: async () => [
    {
      parts: [description, masks],
      build: ([network = description, bits = masks]) =>
        file(Buffer.from(network).toString('utf8'), Buffer.from(bits).toString('utf8')),
    },
  ],
  hostile: {
    'a layer with 10⁹ outputs': () =>
      describing([
        { type: 'flatten', id: 'f', inputs: ['input'] },
        { type: 'linear', id: 'l', inputs: ['f'], name: 'l', out: 1e9 },
      ]),
    '20,000 layers in a chain': () => describing(chain(20_000)),
    'a sum of 100,000 inputs': () =>
      describing([...chain(1), { type: 'add', id: 'a', inputs: new Array<string>(100_000).fill('r1') }]),
  },
  read: (bytes, budget) => {
    const checkpoint = must(readSafetensors(bytes, 'a.safetensors', 'fuzz', budget))
    return must(selfDescribed('fuzz', 'a.safetensors', checkpoint))
  },
}
