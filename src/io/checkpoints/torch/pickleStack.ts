import type { ReadBudget } from '../../files/readBudget.js'
import { refuse } from '../../files/refusal.js'
import { utf8Text } from '../../files/utf8.js'
import type { ByteReader } from './byteReader.js'
import { made } from './opaque.js'
import { DICT_BYTES, ENTRY_BYTES, ENTRY_STEPS, PICKLE, PLACE_BYTES, VALUE_BYTES, VIEW_BYTES } from './pickleCosts.js'
import { describePickle, isKind, type PickleGlobal, type PickleOpaque, type PickleValue } from './pickleValue.js'

/** Decides what names, calls and persistent ids mean. @throws Refusal (each function) for what no checkpoint holds */
export interface PickleHost {
  /** A name that it knows, or an opaque value for one that it does not know. */
  readonly global: (name: string) => PickleGlobal | PickleOpaque
  readonly call: (callee: PickleGlobal, args: readonly PickleValue[], budget: ReadBudget) => PickleValue
  readonly persistent: (id: PickleValue) => PickleValue
  /** Gives an object its attributes. @default they are dropped */
  readonly build?: (object: PickleValue, attributes: PickleValue) => void
}

/** The most characters of a line, and of a name. */
export const MOST_LINE = 4096

const MOST_STACK = 1_000_000

const MARK = Symbol('mark')
type Slot = PickleValue | typeof MARK

/**
 * The stack, the marks and the memo of a pickle that is being read, and what opcodes do with them.
 *
 * @param reader of the pickle's bytes
 * @param budget counts each value before it is made
 * @throws Refusal (each function) for a malformed pickle
 */
export const pickleStack = (reader: ByteReader, host: PickleHost, budget: ReadBudget) => {
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
  const check = (): void => {
    if (stack.length > MOST_STACK) refuse(`a pickle stack of at most ${MOST_STACK} values`, 'a deeper one')
  }
  const push = (value: PickleValue): void => void stack.push(value)
  const mark = (): void => {
    marks.push(stack.length)
    stack.push(MARK)
  }
  const drop = (): void => {
    if (stack.at(-1) === MARK) marks.pop()
    if (stack.pop() === undefined) underflow()
  }
  const memorise = (index: number): void => void memo.set(index, top())
  const memoriseNext = (): void => memorise(memo.size)

  return {
    check,
    underflow,
    push,
    pop,
    top,
    popMany,
    popToMark,
    mark,
    drop,
    text,
    latin,
    view,
    append,
    setItems,
    dictOf,
    recall,
    memorise,
    memoriseNext,
    call,
    callWith,
    named,
    stackGlobal,
  }
}

/** Checks the protocol that a pickle states. @throws Refusal for one that is not 0 to 5 */
export const checkProtocol = (protocol: number): void => {
  if (protocol > 5) refuse('a pickle of protocol 0 to 5', `protocol ${protocol}`)
}
