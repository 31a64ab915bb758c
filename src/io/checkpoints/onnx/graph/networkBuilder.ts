import type { ImageShape } from '../../../../dsl/dataset.js'
import { PwoaFailure } from '../../../../dsl/errors.js'
import { type Architecture, architecture, INPUT } from '../../../../models/architecture/architecture.js'
import { inferShape, type NodeShape } from '../../../../models/architecture/shapes.js'
import type { Layer } from '../../../../models/layers/layer.js'
import type { ReadBudget } from '../../../files/readBudget.js'
import { refuse } from '../../../files/refusal.js'
import type { StateDict, StateTensor } from '../../tensors/checkpoint.js'
import { floatBytes } from './tensors.js'

/** A layer of a network that is being read, without its id and inputs. */
export type Unplaced<L = Layer> = L extends Layer ? Omit<L, 'id' | 'inputs'> : never

/** A layer's tensors by the last part of their names: `weight`, `running_mean`; empty for a layer that is one tensor. */
export type LayerTensors = Readonly<Record<string, StateTensor>>

/** The output of a layer. */
export interface Activations {
  readonly id: string
  readonly shape: NodeShape
}

/** Where in the graph a layer comes from: the id to give it if it is free, and the position of its node. */
export interface Origin {
  readonly id: string
  readonly order: number
}

interface Placed {
  readonly layer: Layer & { readonly id: string; readonly inputs: readonly string[] }
  readonly order: number
  readonly own: LayerTensors
}

/** A layer with what it reads. */
interface Made {
  readonly layer: Unplaced
  readonly inputs: readonly Activations[]
}

/** A network that was read: its description, and its tensors under their names. */
export interface ReadNetwork {
  readonly architecture: Architecture
  readonly tensors: StateDict
  /** What its user should know: a sentence each. */
  readonly warnings: readonly string[]
}

/** Collects a network's layers and tensors while a graph is read. */
export class NetworkBuilder {
  readonly input: Activations
  readonly #image: ImageShape
  readonly budget: ReadBudget
  readonly #placed: Placed[] = []
  readonly #ids = new FreeNames([INPUT])
  readonly #names = new FreeNames([])
  /** The layers by their ids. */
  readonly #made = new Map<string, Made>()

  constructor(image: ImageShape, budget: ReadBudget) {
    this.#image = image
    this.budget = budget
    this.input = { id: INPUT, shape: { kind: 'image', ...image } }
  }

  /**
   * Adds a layer after others, and its tensors under its name.
   *
   * @throws Refusal for inputs that the layer cannot take
   */
  add(layer: Unplaced, inputs: readonly Activations[], origin: Origin, own: LayerTensors = {}): Activations {
    const id = this.#ids.unlike(origin.id)
    this.#ids.take(id)
    if ('name' in layer) this.#names.take(layer.name)
    // Two layers may share a tensor of the file, and each has its own numbers in the network.
    for (const [part, { shape }] of Object.entries(own)) this.budget.allocate(floatBytes(shape), `${part} of "${id}"`)
    const placed = { ...layer, id, inputs: inputs.map((input) => input.id) }
    const shapes = inputs.map((input) => input.shape)
    const shape = describing(() => inferShape('onnx', id, placed, shapes))
    this.#placed.push({ layer: placed, order: origin.order, own })
    this.#made.set(id, { layer, inputs })
    return { id, shape }
  }

  /** The images that a vector was flattened from by the layer before it; undefined for any other. */
  imagesBefore(vector: Activations): Activations | undefined {
    const made = this.layerOf(vector)
    return made?.layer.type === 'flatten' ? made.inputs[0] : undefined
  }

  /** The layer that made some activations; undefined for the images of the network. */
  layerOf({ id }: Activations): Made | undefined {
    return this.#made.get(id)
  }

  /** The wanted name, with a number if a layer has it already. */
  freeName(wanted: string): string {
    return this.#names.unlike(wanted)
  }

  /**
   * The layers on which the output depends, in the order of the graph.
   *
   * @throws Refusal for layers that do not form a network
   */
  finish(name: string, output: Activations): Omit<ReadNetwork, 'warnings'> {
    const needed = new Set([output.id])
    const ordered = this.#placed.toSorted((a, b) => a.order - b.order)
    for (const { layer } of ordered.toReversed())
      if (needed.has(layer.id)) for (const id of layer.inputs) needed.add(id)
    const kept = ordered.filter(({ layer }) => needed.has(layer.id))
    const tensors = kept.flatMap(({ layer, own }) =>
      'name' in layer
        ? Object.entries(own).map(([part, tensor]): [string, StateTensor] => [
            part === '' ? layer.name : `${layer.name}.${part}`,
            tensor,
          ])
        : [],
    )
    return {
      architecture: describing(() =>
        architecture(
          name,
          this.#image,
          kept.map(({ layer }) => layer),
        ),
      ),
      tensors: new Map(tensors),
    }
  }
}

/** Names that are taken. */
class FreeNames {
  readonly #taken: Set<string>
  /** By wanted name, the last number that was tried: thousands of nodes may want the same name. */
  readonly #last = new Map<string, number>()

  constructor(taken: readonly string[]) {
    this.#taken = new Set(taken)
  }

  take(name: string): void {
    this.#taken.add(name)
  }

  /** The wanted name, with a number if it is taken. */
  unlike(wanted: string): string {
    let number = this.#last.get(wanted) ?? 1
    const numbered = (): string => (number === 1 ? wanted : `${wanted}-${number}`)
    while (this.#taken.has(numbered())) number++
    this.#last.set(wanted, number)
    return numbered()
  }
}

/** Converts the errors of a description to refusals of the file that it comes from. */
const describing = <T>(describe: () => T): T => {
  try {
    return describe()
  } catch (thrown) {
    if (thrown instanceof PwoaFailure) return refuse(thrown.error.expected, thrown.error.actual)
    throw thrown
  }
}
