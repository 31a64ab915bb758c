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

/** Mean and standard deviation of CIFAR-10's pixels. */
export const cifar10Normalisation = { mean: [0.4914, 0.4822, 0.4465], std: [0.2471, 0.2435, 0.2616] } as const

/** Mean and standard deviation of CIFAR-100's pixels. */
export const cifar100Normalisation = { mean: [0.5071, 0.4865, 0.4409], std: [0.2673, 0.2564, 0.2762] } as const
