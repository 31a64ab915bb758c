import protobuf from 'protobufjs'
import type { ReadBudget } from '../../../files/readBudget.js'
import { refuse } from '../../../files/refusal.js'

/** Bytes of memory, about, for a message with its arrays, and for one of its fields. */
const MESSAGE = 640
const FIELD = 64

/** Wire types of the encoding: a number of varying length, eight bytes, bytes with their length, four bytes. */
const SIZED = 2

/**
 * Walks through the fields of a message and counts what they will take, before anything is made of them: an empty
 * message takes two bytes of a file, and hundreds in memory. Bytes of tensors are skipped.
 *
 * @param message the declaration; all its types are resolved
 * @throws Refusal if the budget is spent, or a known field is encoded in another way than it is declared
 * @throws Error for bytes that do not form a message
 */
export const scanFields = (bytes: Uint8Array, message: protobuf.Type, budget: ReadBudget): void =>
  scan(protobuf.Reader.create(bytes), message, bytes.length, budget)

const scan = (reader: protobuf.Reader, message: protobuf.Type, end: number, budget: ReadBudget): void => {
  budget.allocate(MESSAGE, 'the nodes of its graph')
  while (reader.pos < end) {
    const tag = reader.tag()
    const [id, wire] = [tag >>> 3, tag & 7]
    const field = message.fieldsById[id]
    budget.allocate(FIELD, 'the nodes of its graph')
    if (!field) {
      reader.skipType(wire, 0, id)
      continue
    }
    if (wire !== wireOf(field) && !(wire === SIZED && field.repeated))
      refuse('an ONNX model', `a field "${field.name}" of ${message.name} in another encoding`)
    if (wire !== SIZED) reader.skipType(wire, 0, id)
    else scanSized(reader, field, end, budget)
  }
}

/** A field of known length: a message, text, bytes or packed numbers. */
const scanSized = (reader: protobuf.Reader, field: protobuf.Field, end: number, budget: ReadBudget): void => {
  const length = reader.size()
  const stop = reader.pos + length
  if (length < 0 || stop > end) refuse('an ONNX model', 'a file that is cut off or corrupt')
  if (field.resolvedType instanceof protobuf.Type) {
    scan(reader, field.resolvedType, stop, budget)
    return
  }
  // Packed numbers take at least a byte each, and become an array. A text has two bytes for each character.
  if (wireOf(field) !== SIZED) budget.allocate(FIELD * length, 'the attributes of its graph')
  else if (field.type === 'string') budget.allocate(2 * length, 'the names of its graph')
  reader.skip(length)
}

const wires: ReadonlyMap<string, number> = new Map(Object.entries(protobuf.types.basic))

/** The wire type of a field; messages are sized. */
const wireOf = ({ type }: protobuf.Field): number => wires.get(type) ?? SIZED
