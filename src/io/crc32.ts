import * as zlib from 'node:zlib'
import { crcOf, crcTable } from './crcTable.js'

const TABLE = crcTable(0xedb88320)

/** What Node 20 has in its later releases only. */
const built: { readonly crc32?: (bytes: Uint8Array) => number } = zlib

/** The checksum of zip entries (IEEE 802.3), as an integer in [0, 2³²). */
export const crc32: (bytes: Uint8Array) => number = built.crc32 ?? ((bytes) => crcOf(TABLE, bytes))
