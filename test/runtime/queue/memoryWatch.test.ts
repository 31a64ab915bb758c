import { totalmem } from 'node:os'
import { expect, test } from 'vitest'
import { memoryLimit, memoryWatch } from '../../../src/runtime/queue/worker/memoryWatch.js'

test('a worker says once for each sweep that its points do not fit into the memory', () => {
  const said: string[] = []
  const { seen } = memoryWatch(3, 8e9, (message) => void said.push(message))
  for (const bytes of [1e9, 2.6e9, 3e9, 3.5e9]) seen('rates', bytes)
  seen('other', 9e9)
  expect(said).toEqual([
    'rates: a point takes 3.0 GB: 3 at a time do not fit into 8.0 GB; --workers 2 would',
    'other: a point takes 9.0 GB: 3 at a time do not fit into 8.0 GB; --workers 1 would',
  ])
  expect(memoryLimit()).toBeGreaterThan(0)
  expect(memoryLimit()).toBeLessThanOrEqual(totalmem())
})
