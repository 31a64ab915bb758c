import { type ImageShape, imageSize } from '../../dsl/dataset.js'
import { rejectOption, valueOfTask } from '../../dsl/errors.js'
import { type Color, loadDecoder } from '../../io/datasets/images/imageDecoder.js'
import { readWhole } from '../../io/files/readWhole.js'
import { placing } from '../../io/files/refusal.js'

/** The most bytes of a picture's file, and the most pixels that it may have. */
const MOST_BYTES = 2 ** 28
const MOST_PIXELS = 2 ** 26

const colors: ReadonlyMap<number, Color> = new Map([
  [1, 'grey'],
  [3, 'rgb'],
])

/**
 * A JPEG or PNG picture as a network takes it: height × width × channels in [0, 1]. A picture of another size is scaled so
 * that it covers the network's image, and what is longer is cropped at both ends, as torchvision's `Resize` and
 * `CenterCrop` do.
 *
 * @param picture the path of a file, or its bytes
 * @throws FileError for a file that can't be read or is no picture; OptionError for a network that takes neither one
 * nor three channels, or a picture of another size if the network's images are not square
 */
export const pictureFor = async (
  stage: string,
  picture: string | Uint8Array,
  shape: ImageShape,
): Promise<Float32Array> => {
  const { height, width, channels } = shape
  const color =
    colors.get(channels) ??
    rejectOption(stage, 'a network that takes images of 1 or 3 channels', `${channels} channels`)
  const place = { stage, file: typeof picture === 'string' ? picture : 'the picture' }
  const bytes = typeof picture === 'string' ? await valueOfTask(readWhole(place, MOST_BYTES)) : picture
  const decoder = await loadDecoder(stage)
  const { data } = await placing(place, async () => {
    const own = await decoder.shapeOf(bytes, color)
    if (own.height === height && own.width === width) return decoder.decode(bytes, color, imageSize(shape))
    if (height !== width)
      return rejectOption(stage, `a picture of ${height} × ${width} pixels`, `${own.height} × ${own.width}`)
    return decoder.decodeTo(bytes, color, { size: height, fit: 'cover' }, MOST_PIXELS)
  })
  return Float32Array.from(data, (byte) => byte / 255)
}
