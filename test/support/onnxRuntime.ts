/** Runs ONNX files in another program: onnxruntime, compiled to WebAssembly. */
import { InferenceSession, Tensor } from 'onnxruntime-web'

/** Images as `n × channels × height × width` of `n × height × width × channels`. */
export const channelsFirst = (
  pixels: Float32Array,
  { height, width, channels }: { readonly height: number; readonly width: number; readonly channels: number },
): Float32Array => {
  const image = height * width * channels
  return Float32Array.from(pixels, (_, i) => {
    const within = i % image
    const channel = Math.floor(within / (height * width))
    const pixel = within % (height * width)
    return pixels[i - within + pixel * channels + channel] ?? 0
  })
}

/**
 * The outputs of onnxruntime for images in a model's only input.
 *
 * @param optimised whether it may replace operators by others: of 8-bit networks by integer arithmetic, which rounds some
 * activations to the neighbouring integer
 */
export const runOnnx = async (
  model: Uint8Array,
  images: Float32Array,
  dims: readonly number[],
  optimised: 'all' | 'disabled' = 'all',
): Promise<{ readonly dims: readonly number[]; readonly data: Float32Array }> => {
  const session = await InferenceSession.create(model, { graphOptimizationLevel: optimised })
  const [input = ''] = session.inputNames
  const [output = ''] = session.outputNames
  const results = await session.run({ [input]: new Tensor('float32', images, [...dims]) })
  const logits = results[output]
  await session.release()
  if (!(logits?.data instanceof Float32Array)) throw new Error('no float32 output')
  return { dims: logits.dims, data: logits.data }
}
