/** The size of a pruned network, as in a summary. */
import { describe, expect, test } from 'vitest'
import { tableOfRun } from '../../../src/report/tables/resultTable.js'
import { keptFigures } from '../../../src/runtime/run/keptFigures.js'
import { summary } from '../../report/records.js'

const counts = { total: 1000, kept: 500, prunable: 800, prunableKept: 300, flops: 4000, flopsKept: 1500 }
const layer = { layer: 'a', bytes: 0, sparseBytes: 0 }
const before = [
  { ...layer, parameters: 600, nonZero: 300, flops: 3000 },
  { ...layer, layer: 'b', parameters: 400, nonZero: 200, flops: 1000 },
]
const after = [{ ...layer, parameters: 260, nonZero: 250, flops: 900 }]

describe('the size of a pruned network', () => {
  test('is what the mask keeps, if nothing is removed', () => {
    expect(keptFigures(undefined, undefined)).toEqual({})
    const masked = {
      parameters: { total: 1000, kept: 500 },
      flops: { total: 4000, kept: 1500 },
      sparsity: 0.625,
    }
    expect(keptFigures(counts, undefined)).toEqual(masked)
    expect(keptFigures(counts, { before, after: before, flopsKept: 1500 })).toEqual(masked)
  })

  test('is that of the smaller network after shrink; what the mask alone keeps is a separate figure', () => {
    expect(keptFigures(counts, { before, after, flopsKept: 850 })).toEqual({
      parameters: { total: 1000, kept: 250 },
      flops: { total: 4000, kept: 850 },
      masked: { parameters: 500, flops: 1500 },
      sparsity: 0.625,
    })
    expect(keptFigures(counts, { before, after }).flops?.kept, 'of a summary that does not say it').toBe(900)
  })

  test('is that of the smaller network if nothing was pruned in this run', () => {
    expect(keptFigures(undefined, { before, after, flopsKept: 850 })).toEqual({
      parameters: { total: 1000, kept: 250 },
      flops: { total: 4000, kept: 850 },
    })
  })

  test('is what the mask keeps if a shrunk network was pruned', () => {
    const later = { ...counts, total: 260, kept: 130 }
    expect(keptFigures(later, { before, after, flopsKept: 850 })).toMatchObject({
      parameters: { total: 260, kept: 130 },
    })
  })

  test('is in the first columns of the table of a run', () => {
    const table = tableOfRun({ ...summary, ...keptFigures(counts, { before, after, flopsKept: 850 }) })
    expect(table?.header.slice(-3)).toEqual(['parameters kept', 'kept by the mask alone', 'seconds'])
    expect(table?.rows.map((row) => row.slice(-3))).toEqual([
      ['100.0 %', '–', '–'],
      ['25.0 %', '50.0 %', '100.0'],
    ])
    expect(tableOfRun(summary)?.header).not.toContain('kept by the mask alone')
  })
})
