import type { ReadBudget } from '../../files/readBudget.js'
import { quoted, refuse } from '../../files/refusal.js'
import { utf8Text } from '../../files/utf8.js'
import { ByteReader } from './byteReader.js'
import { made, SET } from './opaque.js'
import { DICT_BYTES, ENTRY_BYTES, ENTRY_STEPS, PICKLE, PLACE_BYTES, VALUE_BYTES, VIEW_BYTES } from './pickleCosts.js'
import { decimalInteger, littleEndianInteger } from './pickleIntegers.js'
import { describePickle, isKind, type PickleGlobal, type PickleOpaque, type PickleValue } from './pickleValue.js'

/** Decides what names, calls and persistent ids mean. @throws Refusal (each function) for what no checkpoint holds */
export interface PickleHost {
  /** A name that it knows, or an opaque value for one that it does not know. */
  readonly global: (name: string) => PickleGlobal | PickleOpaque
  readonly call: (callee: PickleGlobal, args: readonly PickleValue[], budget: ReadBudget) => PickleValue
  readonly persistent: (id: PickleValue) => PickleValue
}

// A state dict takes about 40 opcodes per tensor. The bounds keep a malicious file from filling memory with small objects.
const MOST_OPCODES = 4_000_000
const MOST_STACK = 1_000_000
const MOST_LINE = 4096
const MOST_LONG_BYTES = 64

const MARK = Symbol('mark')
type Slot = PickleValue | typeof MARK

/**
 * Reads one pickle (protocols 0 to 5) that starts at byte `start`. Nothing is executed: names are inert values, and the
 * host computes the results of calls of those that it knows. All others are opaque, and so is what they would return;
 * what is put into them is dropped.
 *
 * @param budget counts each value before it is made
 * @returns the value, and the offset of the byte after the pickle
 * @throws Refusal for a pickle that is malformed, cut off, too large or refused by the host
 */
export const unpickle = (
  bytes: Uint8Array,
  start: number,
  host: PickleHost,
  budget: ReadBudget,
): { readonly value: PickleValue; readonly end: number } => {
  const reader = new ByteReader(bytes, start)
  const stack: Slot[] = []
  const marks: number[] = []
  const memo = new Map<number, PickleValue>()

  const underflow = (): never =>
    refuse('a well-formed pickle', `a pickle that empties its stack at byte ${reader.position}`)

  const pop = (): PickleValue => {
    const slot = stack.pop()
    return slot === undefined || slot === MARK ? underflow() : slot
  }
  const top = (): PickleValue => {
    const slot = stack.at(-1)
    return slot === undefined || slot === MARK ? underflow() : slot
  }
  const popMany = (count: number): PickleValue[] => {
    const values: PickleValue[] = []
    for (let i = 0; i < count; i++) values.push(pop())
    return values.reverse()
  }
  const popToMark = (): PickleValue[] => {
    const mark = marks.pop()
    if (mark === undefined || stack[mark] !== MARK) return underflow()
    budget.allocate(3 * PLACE_BYTES * (stack.length - mark), PICKLE)
    const values: PickleValue[] = []
    for (const slot of stack.splice(mark).slice(1)) {
      if (slot === MARK) return underflow()
      values.push(slot)
    }
    return values
  }
  const text = (length: number): string => {
    const bytes = reader.take(length)
    budget.allocate(2 * length, PICKLE)
    return utf8Text(bytes, 'text of a pickle')
  }
  // Python 2 wrote names as byte strings.
  const latin = (length: number): string => {
    const bytes = reader.take(length)
    budget.allocate(2 * length, PICKLE)
    return Buffer.from(bytes).toString('latin1')
  }
  const view = (length: number): Uint8Array => {
    budget.allocate(VIEW_BYTES, PICKLE)
    return reader.take(length)
  }

  const append = (values: readonly PickleValue[]): void => {
    const target = top()
    if (isKind('opaque')(target)) return
    const items = isKind('list')(target) ? target.items : refuse('a list to append to', describePickle(target))
    budget.allocate(PLACE_BYTES * values.length, PICKLE)
    for (const value of values) items.push(value)
  }
  const setItems = (values: readonly PickleValue[]): void => {
    const target = top()
    if (values.length % 2 === 1) underflow()
    if (isKind('opaque')(target)) return
    const entries = isKind('dict')(target) ? target.entries : refuse('a dict to fill', describePickle(target))
    budget.allocate((ENTRY_BYTES * values.length) / 2, PICKLE)
    budget.work((ENTRY_STEPS * values.length) / 2, PICKLE)
    for (let i = 0; i < values.length; i += 2) entries.set(values[i] ?? null, values[i + 1] ?? null)
  }
  const dictOf = (values: readonly PickleValue[]): void => {
    budget.allocate(DICT_BYTES, PICKLE)
    stack.push({ kind: 'dict', entries: new Map() })
    setItems(values)
  }
  const recall = (index: number): void => {
    const value = memo.get(index)
    stack.push(value === undefined ? refuse('a well-formed pickle', `a pickle without memo ${index}`) : value)
  }
  const callWith = (callee: PickleValue, args: readonly PickleValue[]): PickleValue => {
    if (isKind('opaque')(callee)) return made(callee, args)
    return isKind('global')(callee)
      ? host.call(callee, args, budget)
      : refuse('a checkpoint of tensors', `a call of ${describePickle(callee)}`)
  }
  const call = (callee: PickleValue, args: PickleValue): PickleValue =>
    callWith(callee, isKind('tuple')(args) ? args.items : refuse('a tuple of arguments', describePickle(args)))
  const named = (module: PickleValue, name: PickleValue): PickleGlobal | PickleOpaque => {
    if (typeof name !== 'string' || typeof module !== 'string') return refuse('a name', describePickle(name))
    const length = module.length + name.length + 1
    if (length > MOST_LINE) return refuse(`a name of at most ${MOST_LINE} characters`, `${length} characters`)
    // One text may be a part of many names.
    budget.allocate(VALUE_BYTES + 2 * length, PICKLE)
    return host.global(`${module}.${name}`)
  }
  const stackGlobal = (): PickleGlobal | PickleOpaque => {
    const name = pop()
    return named(pop(), name)
  }

  for (let opcodes = 0; opcodes < MOST_OPCODES; opcodes++) {
    if (stack.length > MOST_STACK) refuse(`a pickle stack of at most ${MOST_STACK} values`, 'a deeper one')
    budget.allocate(VALUE_BYTES, PICKLE)
    budget.work(1, PICKLE)
    const opcode = reader.u8()
    switch (opcode) {
      case 0x80: {
        const protocol = reader.u8()
        if (protocol > 5) refuse('a pickle of protocol 0 to 5', `protocol ${protocol}`)
        break
      }
      case 0x95: {
        const length = reader.length64()
        if (length > reader.left) reader.take(length)
        break
      }
      case 0x2e: {
        // STOP
        const value = pop()
        return { value, end: reader.position }
      }
      case 0x28:
        marks.push(stack.length)
        stack.push(MARK)
        break
      case 0x30:
        if (stack.at(-1) === MARK) marks.pop()
        if (stack.pop() === undefined) underflow()
        break
      case 0x31:
        popToMark()
        break
      case 0x32:
        stack.push(top())
        break
      case 0x4e:
        stack.push(null)
        break
      case 0x88:
        stack.push(true)
        break
      case 0x89:
        stack.push(false)
        break
      case 0x49: {
        const line = reader.line(MOST_LINE)
        stack.push(line === '01' ? true : line === '00' ? false : decimalInteger(line))
        break
      }
      case 0x4c:
        stack.push(decimalInteger(reader.line(MOST_LINE)))
        break
      case 0x46: {
        const line = reader.line(MOST_LINE)
        stack.push(line.trim() === '' ? refuse('a number', quoted(line)) : Number(line))
        break
      }
      case 0x4a:
        stack.push(reader.i32())
        break
      case 0x4b:
        stack.push(reader.u8())
        break
      case 0x4d:
        stack.push(reader.u16())
        break
      case 0x8a:
      case 0x8b: {
        const length = opcode === 0x8a ? reader.u8() : reader.u32()
        if (length > MOST_LONG_BYTES) refuse(`an integer of at most ${MOST_LONG_BYTES} bytes`, `${length} bytes`)
        stack.push(littleEndianInteger(reader.take(length)))
        break
      }
      case 0x47:
        stack.push(reader.f64BigEndian())
        break
      case 0x56:
        stack.push(reader.line(MOST_LINE))
        break
      case 0x58:
        stack.push(text(reader.u32()))
        break
      case 0x8c:
        stack.push(text(reader.u8()))
        break
      case 0x8d:
        stack.push(text(reader.length64()))
        break
      case 0x54:
        stack.push(latin(reader.u32()))
        break
      case 0x55:
        stack.push(latin(reader.u8()))
        break
      case 0x42:
        stack.push(view(reader.u32()))
        break
      case 0x43:
        stack.push(view(reader.u8()))
        break
      case 0x8e:
      case 0x96:
        stack.push(view(reader.length64()))
        break
      case 0x29:
        stack.push({ kind: 'tuple', items: [] })
        break
      case 0x74:
        stack.push({ kind: 'tuple', items: popToMark() })
        break
      case 0x85:
      case 0x86:
      case 0x87:
        stack.push({ kind: 'tuple', items: popMany(opcode - 0x84) })
        break
      case 0x5d:
        stack.push({ kind: 'list', items: [] })
        break
      case 0x6c:
        stack.push({ kind: 'list', items: popToMark() })
        break
      case 0x61:
        append([pop()])
        break
      case 0x65:
        append(popToMark())
        break
      case 0x7d:
        dictOf([])
        break
      case 0x64:
        dictOf(popToMark())
        break
      case 0x73:
        setItems(popMany(2))
        break
      case 0x75:
        setItems(popToMark())
        break
      case 0x67: {
        recall(Number(decimalInteger(reader.line(MOST_LINE))))
        break
      }
      case 0x68:
        recall(reader.u8())
        break
      case 0x6a:
        recall(reader.u32())
        break
      case 0x70:
        memo.set(Number(decimalInteger(reader.line(MOST_LINE))), top())
        break
      case 0x71:
        memo.set(reader.u8(), top())
        break
      case 0x72:
        memo.set(reader.u32(), top())
        break
      case 0x94:
        memo.set(memo.size, top())
        break
      case 0x63:
        stack.push(named(reader.line(MOST_LINE), reader.line(MOST_LINE)))
        break
      case 0x93:
        stack.push(stackGlobal())
        break
      case 0x69: {
        // INST
        const type = named(reader.line(MOST_LINE), reader.line(MOST_LINE))
        stack.push(callWith(type, popToMark()))
        break
      }
      case 0x6f: {
        // OBJ
        const [type, ...args] = popToMark()
        stack.push(callWith(type ?? underflow(), args))
        break
      }
      case 0x92: {
        // NEWOBJ_EX: the last argument holds the keywords.
        pop()
        const args = pop()
        stack.push(call(pop(), args))
        break
      }
      case 0x8f:
        stack.push(SET)
        break
      case 0x90:
        append(popToMark())
        break
      case 0x91:
        popToMark()
        stack.push(SET)
        break
      case 0x52:
      case 0x81: {
        const args = pop()
        stack.push(call(pop(), args))
        break
      }
      case 0x62: {
        // BUILD sets attributes, such as the `_metadata` of an OrderedDict; tensors need none of them.
        pop()
        const target = top()
        if (!isKind('dict')(target) && !isKind('opaque')(target)) {
          refuse('a checkpoint of tensors', `attributes of ${describePickle(target)}`)
        }
        break
      }
      case 0x51:
        stack.push(host.persistent(pop()))
        break
      case 0x50:
        // PERSID: a Python object as text, which PyTorch itself cannot read back.
        refuse('a pickle of protocol 1 to 5', 'protocol 0', 'Save it with the default pickle_protocol.')
        break
      default:
        refuse(
          'a checkpoint of tensors',
          `the pickle opcode 0x${opcode.toString(16).padStart(2, '0')} at byte ${reader.position - 1}`,
        )
    }
  }
  return refuse(`a pickle of at most ${MOST_OPCODES} opcodes`, 'a longer one')
}
