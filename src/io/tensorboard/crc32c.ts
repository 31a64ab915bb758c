import { crcOf, crcTable } from '../files/crc.js'

/** Castagnoli's polynomial: RFC 3720, section 12.1. */
const TABLE = crcTable(0x82f63b78)

/** The checksum of TFRecord's parts (CRC-32C), as an integer in [0, 2³²). */
export const crc32c = (bytes: Uint8Array): number => crcOf(TABLE, bytes)

/** The same as a record stores it: rotated and shifted, so that checksums of data with checksums in it stay strong. */
export const maskedCrc32c = (bytes: Uint8Array): number => {
  const crc = crc32c(bytes)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
