import type { PadMode } from './windowLayers.js'

/** The most pixels that a mode can add at a side. */
export const mostPadded: Readonly<Record<PadMode, (size: number) => number>> = {
  reflect: (size) => size - 1,
  replicate: () => Infinity,
  circular: (size) => size,
}

/** The modes that repeat pixels of the image. */
export const padModes: readonly PadMode[] = ['reflect', 'replicate', 'circular']
