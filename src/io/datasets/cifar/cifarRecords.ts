import type { Split } from '../../../dsl/dataset.js'
import { refuseKind } from '../../files/kindOfFile.js'
import { refuse } from '../../files/refusal.js'
import type { CifarVersion } from './cifarFiles.js'

const SIDE = 32
const PLANE = SIDE * SIDE
const PIXELS = 3 * PLANE

/**
 * The records of several files as one split. A record has labels and a red, a green and a blue plane; the split has
 * pixels of three channels.
 *
 * @param parts contents of the files, in order
 * @throws Refusal for a file that does not consist of whole records, and for a label outside the classes
 */
export const readRecords = (
  parts: readonly { readonly name: string; readonly bytes: Uint8Array }[],
  version: CifarVersion,
): Split => {
  const { labelBytes, labelAt, classes } = version
  const record = labelBytes + PIXELS
  const count = parts.reduce((sum, { name, bytes }) => sum + countIn(name, bytes, bytes.length, version), 0)
  const images = new Uint8Array(count * PIXELS)
  const labels = new Uint16Array(count)
  let image = 0
  for (const { name, bytes } of parts)
    for (let begin = 0; begin < bytes.length; begin += record, image++) {
      const label = bytes[begin + labelAt] ?? classes
      if (label >= classes) refuse(`labels below ${classes} in ${name}`, `${label}`)
      labels[image] = label
      const from = begin + labelBytes
      let to = image * PIXELS
      for (let pixel = from; pixel < from + PLANE; pixel++) {
        images[to++] = bytes[pixel] ?? 0
        images[to++] = bytes[pixel + PLANE] ?? 0
        images[to++] = bytes[pixel + 2 * PLANE] ?? 0
      }
    }
  return { count, images, labels }
}

/**
 * How many records a file has.
 *
 * @param head its first bytes, which may show what it is instead
 * @param size bytes of the whole file
 * @throws Refusal for a file that does not consist of whole records
 */
export const countIn = (name: string, head: Uint8Array, size: number, { labelBytes }: CifarVersion): number => {
  const record = labelBytes + PIXELS
  return size > 0 && size % record === 0
    ? size / record
    : refuseKind(`records of ${record} bytes in ${name}`, head, `${size} bytes, which is not a whole number of records`)
}

/** The shape of the images in the records. */
export const recordShape = { height: SIDE, width: SIDE, channels: 3 } as const
