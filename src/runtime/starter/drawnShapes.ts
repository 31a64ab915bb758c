import { encode } from 'fast-png'
import { stream } from '../../math/random.js'

const SIZE = 16

/** Whether a point is inside a shape: coordinates relative to its centre, in units of its radius. */
const shapes: Readonly<Record<string, (x: number, y: number) => boolean>> = {
  disc: (x, y) => x * x + y * y < 1,
  ring: (x, y) => Math.abs(Math.hypot(x, y) - 0.75) < 0.3,
  cross: (x, y) => Math.min(Math.abs(x), Math.abs(y)) < 0.3 && Math.max(Math.abs(x), Math.abs(y)) < 1,
}

const counts = { train: 24, test: 8 } as const

/** Pictures of three shapes, as an image folder: PNG files by their paths, 16 × 16 pixels, grey. Always the same. */
export const drawnShapes = (folder: string): ReadonlyMap<string, Uint8Array> =>
  new Map(
    Object.entries(counts).flatMap(([split, count]) =>
      Object.entries(shapes).flatMap(([name, inside]) =>
        Array.from({ length: count }, (_, i): [string, Uint8Array] => [
          `${folder}/${split}/${name}/${String(i + 1).padStart(2, '0')}.png`,
          draw(inside, stream(0, split, name, i)),
        ]),
      ),
    ),
  )

const draw = (inside: (x: number, y: number) => boolean, random: { readonly uniform: () => number }): Uint8Array => {
  const between = (low: number, high: number): number => low + (high - low) * random.uniform()
  const [centreX, centreY, radius] = [between(6.5, 8.5), between(6.5, 8.5), between(4, 6.5)]
  const [dark, light] = [between(0, 60), between(180, 255)]
  const data = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => {
    const [x, y] = [(i % SIZE) - centreX, Math.floor(i / SIZE) - centreY]
    return inside(x / radius, y / radius) ? light : dark
  })
  return encode({ width: SIZE, height: SIZE, data, channels: 1, depth: 8 })
}
