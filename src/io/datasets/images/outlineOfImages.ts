import { type DataFacts, type DataOutline, outlineText } from '../../../dsl/dataset.js'
import { checkRoom, shapeByHeader } from './decodeImages.js'
import { loadDecoder } from './imageDecoder.js'
import { listImages } from './imageFiles.js'
import { budgetOf, type ImageChoices, type ImageLimits, MOST_BYTES } from './readImageFolder.js'

/** What class folders hold, by the names of their files and the header of the first image. */
export interface ImageOutline extends DataOutline {
  readonly facts: DataFacts
}

/**
 * Lists class folders and looks at the header of the first image; see `DataSource.look`.
 *
 * @param name of the data
 * @throws Refusal for a folder of another layout, and for images over the budget by that header; PwoaFailure for a first
 * file that is not an image, and for a decoder that does not load
 */
export const outlineOfImages = async (
  stage: string,
  root: string,
  choices: ImageChoices,
  name: string,
  limits: Pick<ImageLimits, 'budget' | 'most'> = {},
): Promise<ImageOutline> => {
  const { classes, train, test } = await listImages(root, limits.most)
  const files = [...train, ...test]
  const place = { stage, file: root }
  const decoder = await loadDecoder(stage)
  const shape = await shapeByHeader(place, files, { decoder, ...choices })
  const budget = budgetOf(files, limits)
  checkRoom(place, files.length, shape, { mostBytes: MOST_BYTES, budget })
  const facts = { name, classes: classes.length, shape }
  return { says: `${root}: ${outlineText(facts, train.length, test.length)}`, facts, train: train.length }
}
