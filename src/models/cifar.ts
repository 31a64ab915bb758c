/** What the networks for CIFAR share. */

/** 32 × 32 pixels in colour. */
export const cifarImages = { height: 32, width: 32, channels: 3 } as const

/** What a block reads: the id of a layer, and the channels of its output. */
export interface Source {
  readonly id: string
  readonly channels: number
}

/** A network of another width than the published one says so in its name. */
export const namedByWidth = (name: string, width: number, published: number): string =>
  width === published ? name : `${name} of width ${width}`
