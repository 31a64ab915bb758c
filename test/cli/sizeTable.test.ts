/** The table of layers before and after `shrink`. */
import { expect, test } from 'vitest'
import { parameterCount } from '../../src/models/parameters/parameters.js'
import { sizesOf } from '../../src/models/parameters/sizes.js'
import { sizeTable } from '../../src/report/tables/sizeTable.js'
import { normalisedNet, tinyNet } from '../support/context.js'

test('each layer has its parameters, non-zero parameters, operations and bytes', () => {
  const weights = new Float32Array(parameterCount(tinyNet)).fill(1)
  // Of the 68 parameters of the convolution.
  weights.fill(0, 0, 40)
  const [conv, fc1, ...others] = sizesOf(tinyNet, weights)
  expect(conv).toEqual({
    layer: 'conv',
    parameters: 68,
    nonZero: 28,
    flops: 2 * 16 * 64,
    bytes: 272,
    sparseBytes: 9 + 112,
  })
  expect(fc1).toEqual({
    layer: 'fc1',
    parameters: 780,
    nonZero: 780,
    flops: 2 * 768,
    bytes: 3120,
    sparseBytes: 98 + 3120,
  })
  expect(others.map(({ layer }) => layer)).toEqual(['fc2'])
  const filled = sizesOf(normalisedNet, new Float32Array(parameterCount(normalisedNet)).fill(1))
  // γ, β and both running statistics of 4 channels.
  expect(filled.find(({ layer }) => layer === 'bn1')).toMatchObject({
    parameters: 8,
    flops: 0,
    bytes: 64,
    sparseBytes: 65,
  })
})

test('before and after are side by side, with the whole network in the last row', () => {
  const layer = { parameters: 2000, nonZero: 500, flops: 3e6, bytes: 8000, sparseBytes: 2250 }
  const before = [
    { layer: 'a', ...layer },
    { layer: 'b', ...layer },
  ]
  const after = [{ layer: 'a', ...layer, parameters: 1000, flops: 1e6, bytes: 4000 }]
  expect(sizeTable({ before, after }).rows).toEqual([
    ['a', '2,000', '1,000', '500', '3.00', '1.00', '8.0', '2.3', '4.0', '2.3'],
    ['b', '2,000', '0', '0', '3.00', '0.00', '8.0', '2.3', '0.0', '0.0'],
    ['all', '4,000', '1,000', '500', '6.00', '1.00', '16.0', '4.5', '4.0', '2.3'],
  ])
})
