import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { BoardEvent } from '../../../src/io/tensorboard/boardEvent.js'
import { crc32c, maskedCrc32c } from '../../../src/io/tensorboard/crc32c.js'
import { beginEventFile, eventFileName } from '../../../src/io/tensorboard/eventFile.js'

describe('CRC-32C', () => {
  // RFC 3720, appendix B.4.
  test.each([
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(255), 0x62a8ab43],
    ['0 … 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['31 … 0', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    ['nothing', new Uint8Array(0), 0],
  ])('of %s', (_, bytes, crc) => {
    expect(crc32c(bytes)).toBe(crc)
  })

  test('masked, of nothing: the constant alone', () => {
    expect(maskedCrc32c(new Uint8Array(0))).toBe(0xa282ead8)
  })
})

interface Golden {
  readonly began: number
  readonly events: readonly BoardEvent[]
  readonly file: string
}

/** JSON holds bytes as base64. */
const revived = (key: string, value: unknown): unknown =>
  key === 'encodedImageString' ? Buffer.from(String(value), 'base64') : value

test('a file equals that of TensorBoard itself, byte for byte', () => {
  const path = new URL('../../golden/tensorboard.json', import.meta.url)
  const golden = JSON.parse(readFileSync(path, 'utf8'), revived) as Golden
  const records: Uint8Array[] = []
  const add = beginEventFile(golden.began, (bytes) => void records.push(bytes))
  for (const event of golden.events) add(event)
  expect(records).toHaveLength(1 + golden.events.length)
  expect(Buffer.concat(records).toString('base64')).toBe(golden.file)
  expect(eventFileName(golden.began)).toBe('events.out.tfevents.1700000000.pwoa')
})
