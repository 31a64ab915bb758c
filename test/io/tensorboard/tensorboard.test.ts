import { readFileSync } from 'node:fs'
import { decode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { attackImages } from '../../../src/io/pictures/attackImages.js'
import { drawAttackPicture } from '../../../src/io/pictures/attackPicture.js'
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

describe('pictures of attacks', () => {
  const row = {
    index: 17,
    label: 4,
    guess: 9,
    brokenBy: 'a<b & "c"',
    distance: 0.25,
    original: Float32Array.of(0, 0.5, 1, 0),
    adversarial: Float32Array.of(0.25, 0.5, 0.75, 0),
  }
  const shape = { height: 2, width: 2, channels: 1 }

  test('are read back as one image per example, pixel for pixel', () => {
    const images = attackImages(drawAttackPicture({ shape, norm: 'Linf', epsilon: 0.25, rows: [row, row] }))
    expect(images).toHaveLength(2)
    const [first] = images
    if (!first) throw new Error('no image')
    expect(first).toMatchObject({
      height: 2,
      width: 10,
      channels: 1,
      caption: 'test image 17: 4; a<b & "c", L∞ 0.250; taken for 9',
    })
    const { data, width, height } = decode(first.png, { checkCrc: true })
    expect([width, height]).toEqual([10, 2])
    const white = [255, 255]
    expect([...data]).toEqual([
      ...[0, 128, ...white, 255, 128, ...white, 64, 128],
      ...[255, 0, ...white, 1, 128, ...white, 191, 0],
    ])
  })

  test('keep three channels', () => {
    const colours = { ...row, original: new Float32Array(12), adversarial: new Float32Array(12).fill(1) }
    const picture = { shape: { ...shape, channels: 3 }, norm: 'L2', epsilon: 1, rows: [colours] }
    expect(attackImages(drawAttackPicture(picture))).toMatchObject([{ channels: 3, width: 10 }])
  })

  test('without an example have no image', () => {
    expect(attackImages(drawAttackPicture({ shape, norm: 'L2', epsilon: 1, rows: [] }))).toEqual([])
  })
})
