import { expect, it } from 'vitest'
import { compiledNetwork } from '../../../src/models/compiled/compiledNetwork.js'
import { mnistNet } from '../../../src/models/zoo/zoo.js'
import { isNative } from '../../support/isNative.js'

it('graphs are compiled only by the native engine', () => {
  expect(compiledNetwork(mnistNet) !== undefined).toBe(isNative)
})
