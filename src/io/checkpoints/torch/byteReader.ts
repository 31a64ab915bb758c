import { refuse } from '../../files/refusal.js'

/** Reads little-endian values one after the other. @throws Refusal (each reading) past the end: the file is cut off */
export class ByteReader {
  readonly bytes: Uint8Array
  private readonly view: DataView
  private at: number

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = position
  }

  /** Offset of the next byte. */
  get position(): number {
    return this.at
  }

  /** Number of bytes left. */
  get left(): number {
    return this.bytes.length - this.at
  }

  u8(): number {
    return this.view.getUint8(this.advance(1))
  }

  u16(): number {
    return this.view.getUint16(this.advance(2), true)
  }

  u32(): number {
    return this.view.getUint32(this.advance(4), true)
  }

  i32(): number {
    return this.view.getInt32(this.advance(4), true)
  }

  /** A length of 64 bits; a length that no file can have is refused. */
  length64(): number {
    const value = this.view.getBigUint64(this.advance(8), true)
    return value <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : refuse(`a length of at most ${this.bytes.length} bytes`, `${value} bytes`)
  }

  /** A big-endian double, which only the opcode BINFLOAT has. */
  f64BigEndian(): number {
    return this.view.getFloat64(this.advance(8), false)
  }

  /** A view of the next `count` bytes, not a copy. */
  take(count: number): Uint8Array {
    const start = this.advance(count)
    return this.bytes.subarray(start, start + count)
  }

  /** The text up to the next line feed, at most `most` bytes of it. */
  line(most: number): string {
    const end = this.bytes.subarray(this.at, this.at + most + 1).indexOf(10)
    if (end >= 0) {
      const text = this.take(end)
      this.advance(1)
      return Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('utf8')
    }
    return this.left <= most ? this.cutOff() : refuse(`a line of at most ${most} bytes`, 'a longer one')
  }

  private advance(count: number): number {
    const start = this.at
    if (count > this.bytes.length - start) this.cutOff()
    this.at = start + count
    return start
  }

  private cutOff(): never {
    return refuse('a whole file', `a file that is cut off or corrupt (it ends at byte ${this.bytes.length})`)
  }
}
