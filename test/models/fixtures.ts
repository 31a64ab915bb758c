import { type Architecture, architecture } from '../../src/models/architecture.js'
import { add, avgPool2d, conv2d, flatten, linear, maxPool2d, relu } from '../../src/models/layers.js'

/** A small network with every type of layer and two shortcuts. */
export const shortcut: Architecture = architecture('shortcut', { height: 7, width: 7, channels: 2 }, [
  conv2d('stem', { out: 4, kernel: 3, padding: 1 }),
  relu({ id: 'trunk' }),
  conv2d('left', { out: 4, kernel: 3, padding: 1 }),
  relu(),
  conv2d('right', { out: 4, kernel: 3, padding: 1 }),
  add(['right', 'trunk'], { id: 'sum' }),
  relu(),
  maxPool2d({ kernel: 2 }),
  conv2d('narrow', { out: 5, kernel: 3, padding: 2, stride: 2 }),
  avgPool2d({ kernel: 2, stride: 1 }),
  flatten({ id: 'features' }),
  linear('wide', { out: 20 }),
  relu(),
  add(['features', 'relu-12'], { id: 'both' }),
  linear('head', { out: 3 }),
])
