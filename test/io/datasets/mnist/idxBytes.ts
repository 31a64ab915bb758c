/** Idx files of any contents, also with headers that do not match them. */

const bigEndian = (...values: readonly number[]): Uint8Array => {
  const out = new Uint8Array(4 * values.length)
  const view = new DataView(out.buffer)
  values.forEach((value, i) => {
    view.setUint32(4 * i, value)
  })
  return out
}

interface ImagesHeader {
  readonly rows?: number
  readonly columns?: number
  readonly count?: number
  readonly magic?: number
}

export const idxImages = (
  pixels: Uint8Array,
  { rows = 28, columns = 28, count, magic = 2051 }: ImagesHeader = {},
): Uint8Array =>
  new Uint8Array(Buffer.concat([bigEndian(magic, count ?? pixels.length / (rows * columns), rows, columns), pixels]))

export const idxLabels = (labels: Uint8Array, { count = labels.length, magic = 2049 } = {}): Uint8Array =>
  new Uint8Array(Buffer.concat([bigEndian(magic, count), labels]))
