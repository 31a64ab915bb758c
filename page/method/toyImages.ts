import type { RandomStream } from '../../src/math/random.js'

const EACH = 24

/** Images of two pixels, in two classes: half moons that curve around each other. */
export const toyImages = (random: RandomStream): { readonly images: Float32Array; readonly classes: Uint8Array } => {
  const classes = Uint8Array.from({ length: 2 * EACH }, (_, i) => Math.floor(i / EACH))
  const points = Array.from(classes, (label, i) => {
    const angle = (Math.PI * ((i % EACH) + 0.5)) / EACH
    const [x, y] =
      label === 0 ? [Math.cos(angle) - 0.5, Math.sin(angle) - 0.25] : [0.5 - Math.cos(angle), 0.25 - Math.sin(angle)]
    return [2 * x + 0.16 * random.normal(), 2 * y + 0.16 * random.normal()]
  })
  return { images: Float32Array.from(points.flat()), classes }
}
