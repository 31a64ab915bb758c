import type { NodeShape } from '../architecture/shapes.js'

/** An axis of a parameter in the engine's layout: its extent, and the distance of its entries in PyTorch's layout. */
export interface TorchAxis {
  readonly count: number
  readonly step: number
}

/** The axes of the engine's layout, outermost first; some of extent 1. */
export type TorchAxes = readonly [TorchAxis, TorchAxis, TorchAxis, TorchAxis]

/** The axes of a vector, which is the same in both layouts. */
export const vectorAxes = (size: number): TorchAxes => [ONE, ONE, ONE, { count: size, step: 1 }]

/** The axes of one number per channel: features of a flattened image are in H×W×C order here, in C×H×W order there. */
export const channelAxes = (shape: NodeShape): TorchAxes => {
  if (shape.kind === 'image') return vectorAxes(shape.channels)
  const { height, width, channels } = shape.flattenedFrom ?? { height: 1, width: 1, channels: shape.features }
  return [ONE, { count: height * width, step: 1 }, ONE, { count: channels, step: height * width }]
}

/** The number of elements. */
export const sizeOf = (axes: TorchAxes): number => axes.reduce((product, { count }) => product * count, 1)

/** An axis of one entry. */
export const ONE: TorchAxis = { count: 1, step: 0 }

/** Visits every element in the engine's order, with its index in PyTorch's layout and in the engine's. */
export const walk = ([first, second, third, last]: TorchAxes, visit: (torch: number, own: number) => void): void => {
  let own = 0
  for (let a = 0; a < first.count; a++)
    for (let b = 0; b < second.count; b++)
      for (let c = 0; c < third.count; c++) {
        const start = a * first.step + b * second.step + c * third.step
        for (let d = 0; d < last.count; d++) visit(start + d * last.step, own++)
      }
}

/** Index in PyTorch's layout of each element of the engine's layout. */
export const indexOf = (axes: TorchAxes): Uint32Array => {
  const index = new Uint32Array(sizeOf(axes))
  walk(axes, (torch, own) => {
    index[own] = torch
  })
  return index
}

/** One tensor of a flat vector in the engine's layout. */
export interface TorchPlace {
  /** First element in the flat vector. */
  readonly offset: number
  readonly torchAxes: TorchAxes
}

/** Writes a tensor into a flat vector. @param numberAt its element at an index of PyTorch's layout */
export const fromTorch = (
  flat: Float32Array,
  { offset, torchAxes }: TorchPlace,
  numberAt: (index: number) => number,
): void =>
  walk(torchAxes, (torch, own) => {
    flat[offset + own] = numberAt(torch)
  })

/** Reads a tensor out of a flat vector. @returns its elements in PyTorch's layout */
export const toTorch = (flat: Float32Array, { offset, torchAxes }: TorchPlace): Float32Array => {
  const data = new Float32Array(sizeOf(torchAxes))
  walk(torchAxes, (torch, own) => {
    data[torch] = flat[offset + own] ?? 0
  })
  return data
}
