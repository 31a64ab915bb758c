import type { ReadBudget } from '../../files/readBudget.js'
import { refuse } from '../../files/refusal.js'
import { ByteReader } from './byteReader.js'
import { SET } from './opaque.js'
import { PICKLE, VALUE_BYTES } from './pickleCosts.js'
import { decimalFloat, decimalInteger, decimalOrBoolean, littleEndianInteger } from './pickleIntegers.js'
import { checkProtocol, MOST_LINE, type PickleHost, pickleStack } from './pickleStack.js'
import { describePickle, isKind, type PickleValue } from './pickleValue.js'

// A state dict takes about 40 opcodes per tensor. The bounds keep a malicious file from filling memory with small objects.
const MOST_OPCODES = 4_000_000
const MOST_LONG_BYTES = 64

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
  const { check, underflow, push, pop, top, popMany, popToMark, mark, drop, text, latin, view, ...rest } = pickleStack(
    reader,
    host,
    budget,
  )
  const { append, setItems, dictOf, recall, memorise, memoriseNext, call, callWith, named, stackGlobal } = rest

  for (let opcodes = 0; opcodes < MOST_OPCODES; opcodes++) {
    check()
    budget.allocate(VALUE_BYTES, PICKLE)
    budget.work(1, PICKLE)
    const opcode = reader.u8()
    switch (opcode) {
      case 0x80:
        checkProtocol(reader.u8())
        break
      case 0x95: {
        const length = reader.length64()
        if (length > reader.left) reader.take(length)
        break
      }
      case 0x2e:
        return { value: pop(), end: reader.position }
      case 0x28:
        mark()
        break
      case 0x30:
        drop()
        break
      case 0x31:
        popToMark()
        break
      case 0x32:
        push(top())
        break
      case 0x4e:
        push(null)
        break
      case 0x88:
        push(true)
        break
      case 0x89:
        push(false)
        break
      case 0x49:
        push(decimalOrBoolean(reader.line(MOST_LINE)))
        break
      case 0x4c:
        push(decimalInteger(reader.line(MOST_LINE)))
        break
      case 0x46:
        push(decimalFloat(reader.line(MOST_LINE)))
        break
      case 0x4a:
        push(reader.i32())
        break
      case 0x4b:
        push(reader.u8())
        break
      case 0x4d:
        push(reader.u16())
        break
      case 0x8a:
      case 0x8b: {
        const length = opcode === 0x8a ? reader.u8() : reader.u32()
        if (length > MOST_LONG_BYTES) refuse(`an integer of at most ${MOST_LONG_BYTES} bytes`, `${length} bytes`)
        push(littleEndianInteger(reader.take(length)))
        break
      }
      case 0x47:
        push(reader.f64BigEndian())
        break
      case 0x56:
        push(reader.line(MOST_LINE))
        break
      case 0x58:
        push(text(reader.u32()))
        break
      case 0x8c:
        push(text(reader.u8()))
        break
      case 0x8d:
        push(text(reader.length64()))
        break
      case 0x54:
        push(latin(reader.u32()))
        break
      case 0x55:
        push(latin(reader.u8()))
        break
      case 0x42:
        push(view(reader.u32()))
        break
      case 0x43:
        push(view(reader.u8()))
        break
      case 0x8e:
      case 0x96:
        push(view(reader.length64()))
        break
      case 0x29:
        push({ kind: 'tuple', items: [] })
        break
      case 0x74:
        push({ kind: 'tuple', items: popToMark() })
        break
      case 0x85:
      case 0x86:
      case 0x87:
        push({ kind: 'tuple', items: popMany(opcode - 0x84) })
        break
      case 0x5d:
        push({ kind: 'list', items: [] })
        break
      case 0x6c:
        push({ kind: 'list', items: popToMark() })
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
      case 0x67:
        recall(Number(decimalInteger(reader.line(MOST_LINE))))
        break
      case 0x68:
        recall(reader.u8())
        break
      case 0x6a:
        recall(reader.u32())
        break
      case 0x70:
        memorise(Number(decimalInteger(reader.line(MOST_LINE))))
        break
      case 0x71:
        memorise(reader.u8())
        break
      case 0x72:
        memorise(reader.u32())
        break
      case 0x94:
        memoriseNext()
        break
      case 0x63:
        push(named(reader.line(MOST_LINE), reader.line(MOST_LINE)))
        break
      case 0x93:
        push(stackGlobal())
        break
      case 0x69: {
        // INST
        const type = named(reader.line(MOST_LINE), reader.line(MOST_LINE))
        push(callWith(type, popToMark()))
        break
      }
      case 0x6f: {
        // OBJ
        const [type, ...args] = popToMark()
        push(callWith(type ?? underflow(), args))
        break
      }
      case 0x92: {
        // NEWOBJ_EX: the last argument holds the keywords.
        pop()
        const args = pop()
        push(call(pop(), args))
        break
      }
      case 0x8f:
        push(SET)
        break
      case 0x90:
        append(popToMark())
        break
      case 0x91:
        popToMark()
        push(SET)
        break
      case 0x52:
      case 0x81: {
        const args = pop()
        push(call(pop(), args))
        break
      }
      case 0x62: {
        // BUILD sets attributes, such as the `_metadata` of an OrderedDict; tensors need none of them.
        pop()
        const target = top()
        if (!isKind('dict')(target) && !isKind('opaque')(target))
          refuse('a checkpoint of tensors', `attributes of ${describePickle(target)}`)
        break
      }
      case 0x51:
        push(host.persistent(pop()))
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
