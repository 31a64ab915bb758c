import * as zlib from 'node:zlib'

/** The 256 remainders of a byte-wise CRC-32, of a polynomial with its bits reversed. */
export const crcTable = (polynomial: number): Int32Array =>
  new Int32Array(256).map((_, byte) => {
    let value = byte
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1
    return value
  })

/** The checksum of bytes by such a table, as an integer in [0, 2³²). */
export const crcOf = (table: Int32Array, bytes: Uint8Array): number => {
  let crc = -1
  for (let i = 0; i < bytes.length; i++) crc = (table[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8)
  return ~crc >>> 0
}

const TABLE = crcTable(0xedb88320)

/** What Node 20 has in its later releases only. */
const built: { readonly crc32?: (bytes: Uint8Array) => number } = zlib

/** The checksum of zip entries (IEEE 802.3), as an integer in [0, 2³²). */
export const crc32: (bytes: Uint8Array) => number = built.crc32 ?? ((bytes) => crcOf(TABLE, bytes))
