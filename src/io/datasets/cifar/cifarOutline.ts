import { join } from 'node:path'
import { cacheFolder } from '../../../../scripts/engineCache.mjs'
import { type DataFacts, type DataOutline, outlineText } from '../../../dsl/dataset.js'
import { refuseKind } from '../../files/kindOfFile.js'
import { readHead } from '../../files/readHead.js'
import { type Place, placing } from '../../files/refusal.js'
import type { CifarFile, CifarVersion } from './cifarFiles.js'
import { type CifarPlace, findCifar } from './cifarFolder.js'
import { countIn, recordShape } from './cifarRecords.js'

/** What is known of a version without reading it. */
export const cifarFacts = ({ name, classes }: CifarVersion): DataFacts => ({ name, classes, shape: recordShape })

/** See `DataSource.look`: of the files or the archive that were found, by their sizes. */
export const cifarOutline = async (
  stage: string,
  { kind, path }: CifarPlace,
  version: CifarVersion,
): Promise<DataOutline> => {
  const facts = cifarFacts(version)
  if (kind === 'archive') {
    const place = { stage, file: path }
    const { isPacked, bytes } = await placing(place, () => readHead(place, 512))
    if (!isPacked)
      await placing(place, async () => refuseKind(`the archive ${version.archive.name}`, bytes, 'another file'))
    return { says: `${path}: the archive of ${version.name}, ${version.classes} classes`, facts }
  }
  const count = async (files: readonly CifarFile[]): Promise<number> => {
    const counts = files.map(({ name }) => countOf({ stage, file: join(path, name) }, version))
    return (await Promise.all(counts)).reduce((sum, each) => sum + each, 0)
  }
  const train = await count(version.train)
  return { says: `${path}: ${outlineText(facts, train, await count(version.test))}`, facts, train }
}

/** The same if the data is not there, and will be downloaded. */
export const absentCifar = async (stage: string, version: CifarVersion): Promise<DataOutline> => {
  const cache = join(cacheFolder(), 'cifar')
  const place = await findCifar(cache, version)
  if (place) return cifarOutline(stage, place, version)
  return { says: `${version.name}: ${version.archive.name} will be downloaded to ${cache}`, facts: cifarFacts(version) }
}

const countOf = (place: Place, version: CifarVersion): Promise<number> =>
  placing(place, async () => {
    const { bytes, size } = await readHead(place, 512)
    return countIn(place.file, bytes, size, version)
  })
