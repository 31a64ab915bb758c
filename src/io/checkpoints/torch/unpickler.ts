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
  const stack = pickleStack(reader, host, budget)

  for (let opcodes = 0; opcodes < MOST_OPCODES; opcodes++) {
    stack.check()
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
        return { value: stack.pop(), end: reader.position }
      case 0x28:
        stack.mark()
        break
      case 0x30:
        stack.drop()
        break
      case 0x31:
        stack.popToMark()
        break
      case 0x32:
        stack.push(stack.top())
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
      case 0x49:
        stack.push(decimalOrBoolean(reader.line(MOST_LINE)))
        break
      case 0x4c:
        stack.push(decimalInteger(reader.line(MOST_LINE)))
        break
      case 0x46:
        stack.push(decimalFloat(reader.line(MOST_LINE)))
        break
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
        stack.push(stack.text(reader.u32()))
        break
      case 0x8c:
        stack.push(stack.text(reader.u8()))
        break
      case 0x8d:
        stack.push(stack.text(reader.length64()))
        break
      case 0x54:
        stack.push(stack.latin(reader.u32()))
        break
      case 0x55:
        stack.push(stack.latin(reader.u8()))
        break
      case 0x42:
        stack.push(stack.view(reader.u32()))
        break
      case 0x43:
        stack.push(stack.view(reader.u8()))
        break
      case 0x8e:
      case 0x96:
        stack.push(stack.view(reader.length64()))
        break
      case 0x29:
        stack.push({ kind: 'tuple', items: [] })
        break
      case 0x74:
        stack.push({ kind: 'tuple', items: stack.popToMark() })
        break
      case 0x85:
      case 0x86:
      case 0x87:
        stack.push({ kind: 'tuple', items: stack.popMany(opcode - 0x84) })
        break
      case 0x5d:
        stack.push({ kind: 'list', items: [] })
        break
      case 0x6c:
        stack.push({ kind: 'list', items: stack.popToMark() })
        break
      case 0x61:
        stack.append([stack.pop()])
        break
      case 0x65:
        stack.append(stack.popToMark())
        break
      case 0x7d:
        stack.dictOf([])
        break
      case 0x64:
        stack.dictOf(stack.popToMark())
        break
      case 0x73:
        stack.setItems(stack.popMany(2))
        break
      case 0x75:
        stack.setItems(stack.popToMark())
        break
      case 0x67:
        stack.recall(Number(decimalInteger(reader.line(MOST_LINE))))
        break
      case 0x68:
        stack.recall(reader.u8())
        break
      case 0x6a:
        stack.recall(reader.u32())
        break
      case 0x70:
        stack.memorise(Number(decimalInteger(reader.line(MOST_LINE))))
        break
      case 0x71:
        stack.memorise(reader.u8())
        break
      case 0x72:
        stack.memorise(reader.u32())
        break
      case 0x94:
        stack.memoriseNext()
        break
      case 0x63:
        stack.push(stack.named(reader.line(MOST_LINE), reader.line(MOST_LINE)))
        break
      case 0x93:
        stack.push(stack.stackGlobal())
        break
      case 0x69: {
        // INST
        const type = stack.named(reader.line(MOST_LINE), reader.line(MOST_LINE))
        stack.push(stack.callWith(type, stack.popToMark()))
        break
      }
      case 0x6f: {
        // OBJ
        const [type, ...args] = stack.popToMark()
        stack.push(stack.callWith(type ?? stack.underflow(), args))
        break
      }
      case 0x92: {
        // NEWOBJ_EX: the last argument holds the keywords.
        stack.pop()
        const args = stack.pop()
        stack.push(stack.call(stack.pop(), args))
        break
      }
      case 0x8f:
        stack.push(SET)
        break
      case 0x90:
        stack.append(stack.popToMark())
        break
      case 0x91:
        stack.popToMark()
        stack.push(SET)
        break
      case 0x52:
      case 0x81: {
        const args = stack.pop()
        stack.push(stack.call(stack.pop(), args))
        break
      }
      case 0x62: {
        // BUILD sets attributes, such as the `_metadata` of an OrderedDict; tensors need none of them.
        const attributes = stack.pop()
        const target = stack.top()
        if (!isKind('dict')(target) && !isKind('opaque')(target))
          refuse('a checkpoint of tensors', `attributes of ${describePickle(target)}`)
        host.build?.(target, attributes)
        break
      }
      case 0x51:
        stack.push(host.persistent(stack.pop()))
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
