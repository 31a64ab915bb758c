import { crc32, deflateRawSync } from 'node:zlib'

/** Builders of pickles, legacy PyTorch files and zip files, to make malformed and malicious files. */

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1')

export const concat = (...parts: readonly (Uint8Array | string)[]): Uint8Array =>
  new Uint8Array(Buffer.concat(parts.map((part) => (typeof part === 'string' ? ascii(part) : part))))

export const u32 = (value: number): Uint8Array => {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, value, true)
  return out
}

export const u64 = (value: bigint | number): Uint8Array => {
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, BigInt(value), true)
  return out
}

export const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)

const u16 = (value: number): Uint8Array => u32(value).slice(0, 2)

// Pickle opcodes, protocol 2.
export const text = (value: string): Uint8Array =>
  concat('X', u32(Buffer.byteLength(value)), Buffer.from(value, 'utf8'))
export const long = (value: bigint): Uint8Array => {
  const bytes = new Uint8Array(10)
  for (let i = 0, rest = value; i < 10; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn)
  return concat('\x8a\x0a', bytes)
}
export const integer = (value: number): Uint8Array => long(BigInt(value))
export const tuple = (...items: readonly (Uint8Array | string)[]): Uint8Array => concat('(', ...items, 't')
export const list = (...items: readonly (Uint8Array | string)[]): Uint8Array => concat('](', ...items, 'e')
export const dict = (...items: readonly (Uint8Array | string)[]): Uint8Array => concat('}(', ...items, 'u')
export const global = (module: string, name: string): Uint8Array => concat(`c${module}\n${name}\n`)
export const call = (callee: Uint8Array, ...args: readonly (Uint8Array | string)[]): Uint8Array =>
  concat(callee, tuple(...args), 'R')
export const pickle = (...parts: readonly (Uint8Array | string)[]): Uint8Array => concat('\x80\x02', ...parts, '.')

export const storage = (key: string, count: number, type = 'FloatStorage'): Uint8Array =>
  concat(tuple(text('storage'), global('torch', type), text(key), text('cpu'), integer(count), 'N'), 'Q')

export const tensor = (of: Uint8Array, shape: readonly number[], strides: readonly number[], offset = 0): Uint8Array =>
  call(
    global('torch._utils', '_rebuild_tensor_v2'),
    of,
    integer(offset),
    tuple(...shape.map(integer)),
    tuple(...strides.map(integer)),
    '\x89',
    call(global('collections', 'OrderedDict')),
  )

/** A file of the legacy format around the pickle of an object. */
export const legacy = (
  object: Uint8Array,
  storages: Readonly<Record<string, { readonly count: number; readonly bytes: Uint8Array }>>,
  littleEndian = '\x88',
): Uint8Array =>
  concat(
    pickle(long(0x1950a86a20f9469cfc6cn)),
    pickle(integer(1001)),
    pickle(dict(text('protocol_version'), integer(1001), text('little_endian'), littleEndian)),
    object,
    pickle(list(...Object.keys(storages).map(text))),
    ...Object.values(storages).flatMap(({ count, bytes }) => [u64(count), bytes]),
  )

/** A zip entry; its claimed size and checksum may be wrong. */
export interface ZipEntry {
  readonly name: string
  readonly bytes: Uint8Array
  readonly method?: 'stored' | 'deflated'
  readonly claimedSize?: number
  readonly claimedCrc?: number
  readonly encrypted?: true
}

export const zip = (...entries: readonly ZipEntry[]): Uint8Array => {
  const locals: Uint8Array[] = []
  const centrals: Uint8Array[] = []
  let offset = 0
  for (const { name, bytes, method = 'stored', claimedSize, claimedCrc, encrypted } of entries) {
    const packed = method === 'deflated' ? new Uint8Array(deflateRawSync(bytes)) : bytes
    const flags = encrypted ? 1 : 0
    const common = concat(
      u16(method === 'deflated' ? 8 : 0),
      u32(0),
      u32(claimedCrc ?? crc32(bytes)),
      u32(packed.length),
      u32(claimedSize ?? bytes.length),
      u16(name.length),
      u16(0),
    )
    const local = concat('PK\x03\x04', u16(20), u16(flags), common, name, packed)
    centrals.push(
      concat('PK\x01\x02', u16(20), u16(20), u16(flags), common, u16(0), u16(0), u16(0), u32(0), u32(offset), name),
    )
    locals.push(local)
    offset += local.length
  }
  const central = concat(...centrals)
  return concat(
    ...locals,
    central,
    'PK\x05\x06',
    u32(0),
    u16(entries.length),
    u16(entries.length),
    u32(central.length),
    u32(offset),
    u16(0),
  )
}
