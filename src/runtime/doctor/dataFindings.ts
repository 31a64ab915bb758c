import { resolve } from 'node:path'
import { type DataPresence, dataIn, dataInCache } from '../../io/datasets/dataIn.js'
import type { Finding } from './finding.js'

/** Which data sets are there: in the folder that is named, else in the cache folder. */
export const dataFindings = async (dataDir: string | undefined): Promise<readonly Finding[]> => {
  if (dataDir === undefined) return (await dataInCache()).map(cached)
  const folder = resolve(dataDir)
  const sets = await dataIn(folder)
  const there = sets.filter(({ place, instead }) => place !== undefined || instead !== undefined)
  return there.length === 0 ? [nothingIn(folder)] : there.map((set) => named(set, folder))
}

const cached = (set: DataPresence): Finding =>
  set.place === undefined || set.missing.length > 0
    ? {
        about: `data: ${set.name}`,
        state: 'note',
        says: set.place === undefined ? 'not there' : `${set.place}, without ${set.missing.join(', ')}`,
        advice: 'It is downloaded when a pipeline first needs it; --data-dir names a folder that has it.',
        facts: { ...set },
      }
    : found(set, set.place)

const named = (set: DataPresence, folder: string): Finding => {
  const { name, place, missing, instead } = set
  const about = `data: ${name}`
  if (place === undefined)
    return {
      about,
      state: 'problem',
      says: `${instead}, which is the version for Python`,
      advice: 'The binary version is read: put its files or its archive there.',
      facts: { ...set },
    }
  if (missing.length === 0) return found(set, place)
  return {
    about,
    state: 'problem',
    says: `${place}, without ${missing.join(', ')}`,
    advice: `Put what is missing into ${place === folder ? 'it' : place}.`,
    facts: { ...set },
  }
}

const found = (set: DataPresence, place: string): Finding => ({
  about: `data: ${set.name}`,
  state: 'ok',
  says: place,
  facts: { ...set },
})

const nothingIn = (folder: string): Finding => ({
  about: 'data',
  state: 'problem',
  says: `${folder} has neither MNIST nor CIFAR nor class folders of images`,
  advice: 'Name the folder that has the files; without --data-dir they are downloaded.',
  facts: { folder },
})
