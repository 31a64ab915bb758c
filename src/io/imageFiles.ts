import { readdirSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { clipped, Refusal, refuse } from './refusal.js'

/** An image of a class folder. */
export interface ImageFile {
  readonly path: string
  readonly label: number
  /** Bytes, and milliseconds since 1970: by which a changed file is noticed. */
  readonly size: number
  readonly modified: number
}

export interface ImageFiles {
  /** Names of the classes, in the order of their labels. */
  readonly classes: readonly string[]
  readonly train: readonly ImageFile[]
  readonly test: readonly ImageFile[]
}

const MOST_CLASSES = 256
const IMAGE = /^[^.].*\.(jpe?g|png)$/i

/** In the order of code units, as Python's `sorted`: labels are those that torchvision's `ImageFolder` gives. */
const foldersIn = async (folder: string): Promise<readonly string[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => absent(folder))
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort()
}

const LAYOUT = 'train/<class>/ and test/<class>/ with JPEG or PNG files'

const absent = (folder: string): never => refuse(LAYOUT, `no folder ${folder}`)

const filesOf = (folder: string, label: number): readonly ImageFile[] => {
  const names = readdirSync(folder)
    .filter((name) => IMAGE.test(name))
    .sort()
  if (names.length === 0) throw new Refusal('at least one JPEG or PNG file in each class folder', `none in ${folder}`)
  return names.map((name) => {
    const path = join(folder, name)
    // Synchronously: of sixty thousand files each takes 3 µs, by the thread pool ten times that.
    const { size, mtimeMs } = statSync(path)
    return { path, label, size, modified: mtimeMs }
  })
}

/** The first of each class, the second of each class …: any first part of a split has all classes alike. */
const inTurn = (classes: readonly (readonly ImageFile[])[]): readonly ImageFile[] => {
  const most = Math.max(...classes.map(({ length }) => length))
  return Array.from({ length: most }, (_, place) => classes.flatMap((files) => files[place] ?? [])).flat()
}

/**
 * Lists `root/train/<class>/*` and `root/test/<class>/*`; a class's label is its place among the sorted names. Refuses
 * by exception a folder of another layout, a class without images, and classes that the two do not share.
 */
export const listImages = async (root: string): Promise<ImageFiles> => {
  const classes = await foldersIn(join(root, 'train'))
  const others = await foldersIn(join(root, 'test'))
  if (classes.length < 2) return refuse(`two classes or more in ${join(root, 'train')}`, `${classes.length}`)
  if (classes.length > MOST_CLASSES) return refuse(`at most ${MOST_CLASSES} classes`, `${classes.length}`)
  const lonely = [...classes, ...others].find((name) => !(classes.includes(name) && others.includes(name)))
  if (lonely !== undefined) {
    const here = classes.includes(lonely) ? 'train' : 'test'
    return refuse('the same classes in train and test', `"${clipped(lonely)}" in ${here} alone`)
  }
  const of = (split: 'train' | 'test'): readonly ImageFile[] =>
    inTurn(classes.map((name, label) => filesOf(join(root, split, name), label)))
  return { classes, train: of('train'), test: of('test') }
}
