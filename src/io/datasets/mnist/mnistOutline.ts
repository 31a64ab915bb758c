import { join } from 'node:path'
import { cacheFolder } from '../../../../scripts/engineCache.mjs'
import { type DataFacts, type DataOutline, outlineText } from '../../../dsl/dataset.js'
import { valueOf } from '../../../dsl/errors.js'
import { readHead } from '../../files/readHead.js'
import { placing, refuse } from '../../files/refusal.js'
import { type IdxHeader, readIdxHeader } from './idx.js'
import { findMnist, MNIST_SIDE, presentMnist } from './mnistFolder.js'

const STAGE = 'mnist'

const FACTS: DataFacts = {
  name: 'MNIST',
  classes: 10,
  shape: { height: MNIST_SIDE, width: MNIST_SIDE, channels: 1 },
}

/** See `DataSource.look`: of the four files in a folder, or in the cache folder if none is named. */
export const mnistOutline = async (dataDir: string | undefined): Promise<DataOutline> => {
  const cache = join(cacheFolder(), 'mnist')
  const { folder, missing } = await findMnist(dataDir ?? cache)
  if (dataDir === undefined && missing.length > 0)
    return { says: `MNIST: ${missing.length} of its 4 files will be downloaded to ${cache}`, facts: FACTS }
  const { trainImages, trainLabels, testImages, testLabels } = await presentMnist(folder)
  const train = await countIn(trainImages, trainLabels)
  const test = await countIn(testImages, testLabels)
  return { says: `${folder}: ${outlineText(FACTS, train, test)}`, facts: FACTS, train }
}

/** How many images two files hold by their headers, which must match. */
const countIn = (imagesFile: string, labelsFile: string): Promise<number> =>
  placing({ stage: STAGE, file: imagesFile }, async () => {
    const images = await headerOf(imagesFile, 'images')
    const labels = await headerOf(labelsFile, 'labels')
    if (images.rows !== MNIST_SIDE || images.columns !== MNIST_SIDE)
      return refuse(`images of ${MNIST_SIDE} × ${MNIST_SIDE} pixels`, `${images.rows} × ${images.columns}`)
    return images.count === labels.count
      ? images.count
      : refuse(`${labels.count} images, as many as labels`, `${images.count} images`)
  })

const headerOf = async (file: string, contents: 'images' | 'labels'): Promise<IdxHeader> => {
  const place = { stage: STAGE, file }
  const { bytes, size, isPacked } = await placing(place, () => readHead(place, 16))
  const header = valueOf(readIdxHeader(bytes, file, contents, STAGE))
  if (!isPacked && size !== header.bytes)
    return placing(place, async () => refuse(`${header.bytes} bytes for ${header.count} ${contents}`, `${size} bytes`))
  return header
}
