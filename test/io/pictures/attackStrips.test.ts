import { decode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { attackStrips } from '../../../src/io/pictures/attackStrips.js'

describe('strips of an attack', () => {
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

  test('are one image per example, pixel for pixel', () => {
    const images = attackStrips({ shape, norm: 'Linf', epsilon: 0.25, rows: [row, row] })
    expect(images).toHaveLength(2)
    const [first] = images
    if (!first) throw new Error('no image')
    expect(first).toMatchObject({
      height: 2,
      width: 10,
      channels: 1,
      caption: 'test image 17: 4; a<b & "c", L∞ 0.250; taken for 9',
    })
    const { data, width, height } = decode(Buffer.from(first.png, 'base64'), { checkCrc: true })
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
    expect(attackStrips(picture)).toMatchObject([{ channels: 3, width: 10 }])
  })

  test('of no example are none', () => {
    expect(attackStrips({ shape, norm: 'L2', epsilon: 1, rows: [] })).toEqual([])
  })
})
