/** The most classes of a data set: what a label of 16 bits can number. */
export const MOST_CLASSES = 2 ** 16

/** The most classes that one byte can number. */
const BYTE_CLASSES = 2 ** 8

/** Bytes of a label where labels are stored or hashed: one for up to 256 classes, two for more. */
export const labelWidth = (classes: number): number => (classes > BYTE_CLASSES ? 2 : 1)

/** Labels as they are stored and hashed, little-endian; see {@link labelWidth}. */
export const labelBytes = (labels: Uint16Array, classes: number): Uint8Array => {
  if (labelWidth(classes) === 1) return Uint8Array.from(labels)
  const view = new DataView(new ArrayBuffer(2 * labels.length))
  for (const [i, label] of labels.entries()) view.setUint16(2 * i, label, true)
  return new Uint8Array(view.buffer)
}

/** The inverse of {@link labelBytes}. */
export const labelsFrom = (bytes: Uint8Array, classes: number): Uint16Array => {
  if (labelWidth(classes) === 1) return Uint16Array.from(bytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Uint16Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true))
}
