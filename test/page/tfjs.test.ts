/** Networks exported as models of TensorFlow.js, run by plain TensorFlow.js in a browser. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { isLeft } from 'fp-ts/lib/Either.js'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeError } from '../../src/dsl/errors.js'
import { loadEngine } from '../../src/engine/load/loadEngine.js'
import { tf } from '../../src/engine/tf.js'
import { type Architecture, architecture } from '../../src/models/architecture/architecture.js'
import { fakeQuantize } from '../../src/models/layers/fakeQuantize.js'
import { add, conv2d, flatten, linear, relu } from '../../src/models/layers/layers.js'
import { modelFiles } from '../../src/training/network/modelFiles.js'
import { Student } from '../../src/training/network/network.js'
import { aggregated, normalised, separable, shortcut } from '../models/fixtures.js'
import { tinyData } from '../support/context.js'
import { inLong } from '../support/longer.js'
import { needing } from '../support/needs.js'
import { distance, seededNumbers } from '../support/numbers.js'
import { randomNetwork, seededNetwork } from '../support/randomNetworks.js'
import { zooNetworks } from '../support/zooNetworks.js'
import { browser, chromiumBrowser } from './browser.js'

/** Relative to the largest logit: both sum in float32, in different orders. */
const TOLERANCE = 1e-5

const EXAMPLES = 2

const script = createRequire(import.meta.url).resolve('@tensorflow/tfjs/dist/tf.min.js')

const files = new Map<string, Uint8Array | string>([
  ['', '<!doctype html><link rel="icon" href="data:,"><script src="tf.js"></script>'],
  ['tf.js', readFileSync(script, 'utf8')],
])
const server = createServer((request, response) => {
  const content = files.get((request.url ?? '').slice(1))
  response.writeHead(content === undefined ? 404 : 200, { 'content-type': 'text/html' }).end(content)
})
const open = browser()

beforeAll(async () => {
  await loadEngine('auto')
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())))

/** A page with plain TensorFlow.js. */
const openPage = (): ReturnType<typeof open> => open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)

/** The outputs of a model that the page fetches, for the given images. */
const inPage = (page: Page, file: string, shape: readonly number[], backend: 'cpu' | 'webgl'): Promise<unknown> =>
  page.evaluate(`(async () => {
    await tf.setBackend('${backend}')
    const model = await tf.loadGraphModel('${file}')
    const pixels = new Float32Array(await (await fetch('images.bin')).arrayBuffer())
    const logits = model.predict(tf.tensor(pixels, ${JSON.stringify(shape)}))
    const found = { backend: tf.getBackend(), shape: logits.shape, logits: [...await logits.data()] }
    return { ...found, inputs: model.inputs.map(({ name, shape }) => ({ name, shape })) }
  })()`)

const agrees = async (page: Page, net: Architecture, backend: 'cpu' | 'webgl' = 'cpu'): Promise<void> => {
  const { weights, statistics } = seededNetwork(net)
  const { height, width, channels } = net.input
  const shape: [number, number, number, number] = [EXAMPLES, height, width, channels]
  const pixels = seededNumbers(3, EXAMPLES * height * width * channels).map((value) => 0.5 + 0.5 * value)
  const network = { architecture: net, weights, statistics, mask: undefined }
  const written = modelFiles('deep/small.model.json', network, tinyData)
  if (isLeft(written)) throw new Error(describeError(written.left))
  // The weights are written before the model that names them.
  expect([...written.right.files.keys()]).toEqual(['deep/small.model.weights.bin', 'deep/small.model.json'])
  for (const [name, content] of written.right.files) files.set(name, content)
  files.set('images.bin', new Uint8Array(pixels.buffer))
  const student = new Student(net, weights, statistics)
  const ours = tf.tidy(() => student.logits(tf.tensor4d(pixels, shape)).dataSync().slice())
  student.dispose()
  const found = await inPage(page, 'deep/small.model.json', shape, backend)
  expect(found, net.name).toMatchObject({
    backend,
    shape: [EXAMPLES, net.classes],
    inputs: [{ name: 'input', shape: [-1, height, width, channels] }],
  })
  const { logits } = found as { readonly logits: readonly number[] }
  expect(distance(logits, ours), net.name).toBeLessThan(TOLERANCE)
}

describe('a model.json gives the same logits in plain TensorFlow.js in a browser', needing(chromiumBrowser), () => {
  it('of every architecture of the zoo, and of grouped convolutions', needing(inLong), async () => {
    const { page, problems } = await openPage()
    for (const net of [...Object.values(zooNetworks), normalised, shortcut, separable, aggregated])
      await agrees(page, net)
    expect(problems).toEqual([])
  })

  it('of random networks', async () => {
    const { page, problems } = await openPage()
    await fc.assert(
      fc.asyncProperty(randomNetwork, (net) => agrees(page, net)),
      { seed: 11, numRuns: 15 },
    )
    expect(problems).toEqual([])
  })

  it('with a layer name that graphs don’t allow, and a sum of three terms', async () => {
    const { page } = await openPage()
    await agrees(
      page,
      architecture('names', { height: 6, width: 6, channels: 1 }, [
        conv2d('^a:0', { out: 2, kernel: 3, bias: 'none' }),
        flatten({ id: '_a_0' }),
        relu({ id: 'input-1' }),
        add(['_a_0', 'input-1', 'input-1']),
        linear('head', { out: 3 }),
      ]),
    )
  })

  it('of images that are rounded to integers', async () => {
    const { page } = await openPage()
    await agrees(
      page,
      architecture('rounded', { height: 4, width: 4, channels: 2 }, [
        fakeQuantize({ scale: [0.03], zeroPoint: [100], integers: 'int8' }),
        fakeQuantize({ scale: [0.07, 0.25], zeroPoint: [0, 3] }),
        flatten(),
        linear('head', { out: 3 }),
      ]),
    )
  })

  it('on WebGL', needing(inLong), async () => {
    const { page } = await openPage()
    await agrees(page, zooNetworks.resnet18 ?? normalised, 'webgl')
  })
})
