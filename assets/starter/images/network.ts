import { architecture, conv2d, flatten, imageFolder, linear, maxPool2d, relu } from 'pwoa'

/** The pictures: train/CLASS/* and test/CLASS/*. */
export const images = imageFolder({ name: 'my images', dataDir: 'images', color: 'grey', batchSize: 32 })

/** The size of a picture in pixels, and how many classes there are. */
const size = 16
const classes = 3

/** A small network. The names are those of its weights in files. */
export const network = architecture('mine', { height: size, width: size, channels: 1 }, [
  conv2d('conv1', { out: 16, kernel: 3, padding: 1 }),
  relu(),
  maxPool2d({ kernel: 2 }),
  conv2d('conv2', { out: 32, kernel: 3, padding: 1 }),
  relu(),
  maxPool2d({ kernel: 2 }),
  flatten(),
  linear('classifier', { out: classes }),
])

/** How far an attack may move a pixel, in L∞, of pixels in [0, 1]. */
export const epsilon = 0.1
