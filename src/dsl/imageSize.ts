import type { ImageShape } from './dataset.js'

/** How many values one image has. */
export const imageSize = ({ height, width, channels }: ImageShape): number => height * width * channels
