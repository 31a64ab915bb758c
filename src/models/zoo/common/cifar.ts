/** Shape of CIFAR's images: 32 × 32 pixels in colour. */
export const cifarImages = { height: 32, width: 32, channels: 3 } as const

/** The layer that a block reads: its id, and the channels of its output. */
export interface Source {
  readonly id: string
  readonly channels: number
}

/** Adds a network's width to its name if it differs from the published one. */
export const namedByWidth = (name: string, width: number, published: number): string =>
  width === published ? name : `${name} of width ${width}`
