import { maskedCrc32c } from './crc32c.js'

/**
 * A record of a TFRecord file: the length of the data (uint64), its checksum, the data, and their checksum. All numbers
 * are little-endian.
 * Source: TensorFlow's `tfrecord` format.
 */
export const tfRecord = (data: Uint8Array): Uint8Array => {
  const record = new Uint8Array(12 + data.length + 4)
  const view = new DataView(record.buffer)
  view.setBigUint64(0, BigInt(data.length), true)
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true)
  record.set(data, 12)
  view.setUint32(12 + data.length, maskedCrc32c(data), true)
  return record
}
