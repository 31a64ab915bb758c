import type { DeviceFigures } from '../../dsl/figures.js'
import { formatCount } from './format.js'
import type { Table } from './resultTable.js'

/** What C files take on a device: memory in bytes, and multiply-accumulates of one image. */
export const deviceTable = (devices: readonly DeviceFigures[]): Table => ({
  header: ['file', 'constants, bytes', 'scratch memory, bytes', 'multiply-accumulates', 'with all weights'],
  rows: devices.map(({ file, constants, scratch, operations, kept }) => [
    file,
    ...[constants, scratch, kept, operations].map(formatCount),
  ]),
})
