import { type NamedFile, namedFile, readNamed } from '../../../files/namedFile.js'
import type { ReadBudget } from '../../../files/readBudget.js'
import { quoted, refuse } from '../../../files/refusal.js'
import { EXTERNAL, type OnnxModel, type OnnxTensor } from './messages.js'

interface OpenFile extends NamedFile {
  /** The parts that were read, by offset and length: tensors may share one. */
  readonly parts: Map<string, Uint8Array>
}

/** Reads tensors that a model keeps in other files of its folder. */
export class ExternalData {
  readonly #file: string
  readonly #budget: ReadBudget
  readonly #byName = new Map<string, OpenFile>()
  readonly #byPath = new Map<string, OpenFile>()

  /** @param file path of the model */
  constructor(file: string, budget: ReadBudget) {
    this.#file = file
    this.#budget = budget
  }

  /**
   * The bytes of a tensor.
   *
   * @param what the tensor in words
   * @throws Refusal for a file that may not be opened, see `namedFile`, and for bytes that are not in it
   */
  bytesOf(tensor: OnnxTensor, what: string): Uint8Array {
    const entries = entriesOf(tensor, what)
    const file = this.#opened(entries.get('location') ?? '', what)
    const number = (key: string, otherwise: number): number => {
      const text = entries.get(key)
      if (text === undefined) return otherwise
      return /^\d{1,15}$/.test(text) ? Number(text) : refuse(`a whole ${key} of ${what}`, quoted(text))
    }
    const offset = number('offset', 0)
    const length = number('length', file.size - offset)
    const part = `${offset}+${length}`
    const known = file.parts.get(part)
    if (known) return known
    this.#budget.allocate(Math.max(0, Math.min(length, file.size)), what)
    const bytes = readNamed(file, offset, length, what)
    file.parts.set(part, bytes)
    return bytes
  }

  #opened(location: string, what: string): OpenFile {
    const known = this.#byName.get(location)
    if (known) return known
    const named = namedFile(this.#file, location, what)
    // A file may have many names: it counts once.
    const file = this.#byPath.get(named.path) ?? { ...named, parts: new Map<string, Uint8Array>() }
    if (!this.#byPath.has(named.path)) this.#budget.addFile(file.size)
    this.#byPath.set(named.path, file)
    this.#byName.set(location, file)
    return file
  }
}

const entriesOf = ({ externalData }: OnnxTensor, what: string): ReadonlyMap<string, string> => {
  const entries = new Map(externalData.map(({ key, value }) => [key, value]))
  if (entries.size < externalData.length) refuse(`each entry of the external data of ${what} once`, 'one twice')
  return entries
}

/** The names of the other files in which a model keeps tensors, each once. */
export const externalLocations = ({ graph, functions }: OnnxModel): readonly string[] => {
  const nodes = [...(graph?.node ?? []), ...functions.flatMap(({ node }) => node)]
  const attributes = nodes.flatMap(({ attribute }) => attribute.flatMap(({ t }) => (t ? [t] : [])))
  const external = [...(graph?.initializer ?? []), ...attributes].filter(
    ({ dataLocation }) => dataLocation === EXTERNAL,
  )
  const entries = external.flatMap(({ externalData }) => externalData)
  return [...new Set(entries.flatMap(({ key, value }) => (key === 'location' ? [value] : [])))]
}
