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
  { labelBytes, labelAt, classes }: CifarVersion,
): Split => {
  const record = labelBytes + PIXELS
  for (const { name, bytes } of parts)
    if (bytes.length === 0 || bytes.length % record !== 0)
      refuseKind(
        `records of ${record} bytes in ${name}`,
        bytes,
        `${bytes.length} bytes, which is not a whole number of records`,
      )
  const count = parts.reduce((sum, { bytes }) => sum + bytes.length / record, 0)
  const images = new Uint8Array(count * PIXELS)
  const labels = new Uint8Array(count)
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

/** The shape of the images in the records. */
export const recordShape = { height: SIDE, width: SIDE, channels: 3 } as const
