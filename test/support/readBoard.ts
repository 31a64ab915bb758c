import protobuf from 'protobufjs'

/** Reads a file of events by the format's description alone. @throws Error for a wrong length or checksum */

interface ReadValue {
  readonly tag: string
  readonly simpleValue?: number
  readonly histo?: { readonly num: number; readonly bucket: readonly number[]; readonly bucketLimit: readonly number[] }
  readonly image?: { readonly height: number; readonly width: number; readonly encodedImageString: Uint8Array }
}

export interface ReadEvent {
  readonly wallTime: number
  readonly step: number
  readonly fileVersion?: string
  readonly values: readonly ReadValue[]
}

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Histo { double num = 3; repeated double bucket_limit = 6; repeated double bucket = 7; }
  message Image { int32 height = 1; int32 width = 2; int32 colorspace = 3; bytes encoded_image_string = 4; }
  message Value { string tag = 1; oneof value { float simple_value = 2; Image image = 4; Histo histo = 5; } }
  message Summary { repeated Value value = 1; }
  message Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
`)
const Event = root.lookupType('Event')

/** Bit by bit, unlike the table of the writer. */
const checksum = (bytes: Uint8Array): number => {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  }
  const whole = BigInt(~crc >>> 0)
  return Number((((whole >> 15n) | (whole << 17n)) + 0xa282ead8n) & 0xffffffffn)
}

export const readBoard = (file: Uint8Array): readonly ReadEvent[] => {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const events: ReadEvent[] = []
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true))
    const data = file.subarray(at + 12, at + 12 + length)
    if (view.getUint32(at + 8, true) !== checksum(file.subarray(at, at + 8))) throw new Error('checksum of a length')
    if (view.getUint32(at + 12 + length, true) !== checksum(data)) throw new Error('checksum of a record')
    const { wallTime, step = 0, fileVersion, summary } = Event.toObject(Event.decode(data), { longs: Number })
    events.push({ wallTime, step, fileVersion, values: summary?.value ?? [] })
    at += 12 + length + 4
  }
  return events
}
