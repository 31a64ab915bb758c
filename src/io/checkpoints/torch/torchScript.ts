import type { ReadBudget } from '../../files/readBudget.js'
import { quoted, refuse } from '../../files/refusal.js'
import { ENTRY_BYTES, ENTRY_STEPS } from './pickleCosts.js'
import type { PickleHost } from './pickleStack.js'
import { isKind, type PickleDict, type PickleValue } from './pickleValue.js'
import { torchHost } from './torchObjects.js'

/** Classes that the program of the archive defines. Here each of their objects is a mapping of its attributes. */
const OWN_CLASSES = '__torch__.'

/** Modules within modules. */
const MOST_DEPTH = 64

/** Reads the objects of a TorchScript archive as their attributes. The program beside them is never read. */
export const scriptHost = (budget: ReadBudget): PickleHost => {
  const objects = new WeakSet<PickleDict>()
  return {
    ...torchHost,
    global: (name) => (name.startsWith(OWN_CLASSES) ? { kind: 'global', name } : torchHost.global(name)),
    call: (callee, args, own) => {
      if (!callee.name.startsWith(OWN_CLASSES)) return torchHost.call(callee, args, own)
      const object: PickleDict = { kind: 'dict', entries: new Map() }
      objects.add(object)
      return object
    },
    build: (object, attributes) => {
      if (!isKind('dict')(object) || !objects.has(object) || !isKind('dict')(attributes)) return
      budget.allocate(ENTRY_BYTES * attributes.entries.size, 'attributes of a module')
      budget.work(ENTRY_STEPS * attributes.entries.size, 'attributes of a module')
      for (const [name, value] of attributes.entries) object.entries.set(name, value)
    },
  }
}

/**
 * The tensors of a module and of those in it, under the names that its state dict would have: `layer1.0.conv1.weight`.
 *
 * @throws Refusal for another value than a module, for modules that stand in themselves, and for modules without tensors
 */
export const stateDictOf = (module: PickleValue, budget: ReadBudget): PickleDict => {
  const entries = new Map<PickleValue, PickleValue>()
  const walk = ({ entries: attributes }: PickleDict, prefix: string, depth: number): void => {
    if (depth > MOST_DEPTH) refuse(`at most ${MOST_DEPTH} modules within each other`, `more, at ${quoted(prefix)}`)
    for (const [name, value] of attributes) {
      if (typeof name !== 'string') continue
      const path = prefix + name
      // One module may stand at many places.
      budget.allocate(ENTRY_BYTES + 2 * path.length, 'names of tensors')
      budget.work(ENTRY_STEPS, 'names of tensors')
      if (isKind('dict')(value)) walk(value, `${path}.`, depth + 1)
      else if (isKind('tensor')(value)) entries.set(path, value)
      else if (isKind('opaque')(value) && value.what !== undefined) entries.set(path, value)
    }
  }
  if (!isKind('dict')(module)) return refuse('a module in a TorchScript archive', 'another value')
  walk(module, '', 0)
  if (entries.size === 0)
    refuse(
      'a TorchScript archive with tensors in its modules',
      'none, as torch.jit.freeze makes constants of them',
      'Save the network before torch.jit.freeze.',
    )
  return { kind: 'dict', entries }
}
