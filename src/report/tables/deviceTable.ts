import type { DeviceFigures } from '../../dsl/figures.js'
import { formatCount } from './format.js'
import type { Table } from './resultTable.js'

/** What C files take on a device: memory in bytes (flash: at most), and multiply-accumulates of one image. */
export const deviceTable = (devices: readonly DeviceFigures[]): Table => ({
  header: [
    'file',
    'flash, bytes',
    'constants in it',
    'RAM, bytes',
    'scratch memory in it',
    'multiply-accumulates',
    'with all weights',
  ],
  rows: devices.map(({ file, constants, flash, scratch, ram, operations, kept }) => [
    file,
    ...[flash, constants, ram, scratch, kept, operations].map(formatCount),
  ]),
})
