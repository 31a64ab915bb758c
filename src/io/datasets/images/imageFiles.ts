import { readdirSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { MOST_CLASSES } from '../../../dsl/labels.js'
import { exists } from '../../files/readWhole.js'
import { clipped, refuse } from '../../files/refusal.js'
import { codeOf, messageOf } from '../../files/thrown.js'

/** An image of a class folder. */
export interface ImageFile {
  readonly path: string
  readonly label: number
  /** Bytes. A changed file is noticed by its size and date. */
  readonly size: number
  /** Milliseconds since 1970. */
  readonly modified: number
}

/** How many images of each split are read at most. @default all */
export interface ImageCounts {
  readonly train?: number
  readonly test?: number
}

/** The images of class folders. */
export interface ImageFiles {
  /** Names of the classes, in the order of their labels. */
  readonly classes: readonly string[]
  readonly train: readonly ImageFile[]
  readonly test: readonly ImageFile[]
}

const IMAGE = /^[^.].*\.(jpe?g|png)$/i
const ARCHIVE = /\.(tar(\.\w+)?|tgz|txz|zip)$/i

/** Sorted by code units, as by Python's `sorted`: then labels equal those of torchvision's `ImageFolder`. */
const foldersIn = async (folder: string): Promise<readonly string[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch((thrown: unknown) => absent(folder, thrown))
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort()
}

const LAYOUT = 'train/<class>/ and test/<class>/ with JPEG or PNG files'

/** The error for a missing folder. If an archive is beside it, the hint is to unpack it. */
const absent = async (folder: string, thrown: unknown): Promise<never> => {
  const code = codeOf(thrown)
  if (code !== 'ENOENT' && code !== 'ENOTDIR') return unreadable(folder, thrown)
  const beside = await readdir(dirname(folder)).catch(() => [])
  const archive = beside.find((name) => ARCHIVE.test(name))
  return refuse(LAYOUT, `no folder ${folder}`, archive && `Unpack it first: tar xf ${join(dirname(folder), archive)}`)
}

const unreadable = (path: string, thrown: unknown): never =>
  refuse('folders and files that can be read', `${path} (${codeOf(thrown) || messageOf(thrown)})`)

/** Calls the file system synchronously: 3 µs per file, against ten times that by the thread pool. */
const readable = <A>(path: string, read: (path: string) => A): A => {
  try {
    return read(path)
  } catch (thrown) {
    return unreadable(path, thrown)
  }
}

/** Folders within the folder of a class. */
const MOST_DEPTH = 8

const filesOf = (folder: string, label: number): readonly ImageFile[] => {
  const files = imagesIn(folder, label, 0)
  return files.length > 0 ? files : refuse('at least one JPEG or PNG file in each class folder', `none in ${folder}`)
}

/** The images of a folder, then those of the folders in it. */
const imagesIn = (folder: string, label: number, depth: number): readonly ImageFile[] => {
  const entries = readable(folder, (path) => readdirSync(path, { withFileTypes: true }))
  // Not `join`: it would normalise the folder again for each of its files.
  const at = (name: string): string => folder + sep + name
  const names = (some: typeof entries): readonly string[] => some.map(({ name }) => name).sort()
  const images = names(entries.filter((entry) => IMAGE.test(entry.name) && !entry.isDirectory())).flatMap(
    (name): ImageFile | readonly [] => {
      const path = at(name)
      const facts = readable(path, (file) => statSync(file))
      return facts.isFile() ? { path, label, size: facts.size, modified: facts.mtimeMs } : []
    },
  )
  const inner = names(entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')))
  if (inner.length > 0 && depth === MOST_DEPTH)
    return refuse(`at most ${MOST_DEPTH} folders within each other`, `more, in ${folder}`)
  return inner.length === 0 ? images : [...images, ...inner.flatMap((name) => imagesIn(at(name), label, depth + 1))]
}

/** The first of each class, then the second of each class, and so on: every part of a split has all classes. */
const inTurn = (classes: readonly (readonly ImageFile[])[]): readonly ImageFile[] => {
  const most = Math.max(...classes.map(({ length }) => length))
  const all: ImageFile[] = []
  for (let place = 0; place < most; place++)
    for (const files of classes) {
      const file = files[place]
      if (file) all.push(file)
    }
  return all
}

/**
 * Lists `root/train/<class>/*` and `root/test/<class>/*`, or `root/val/<class>/*` if there is no `test`, as in ImageNet.
 * The label of a class is the index of its name among the sorted names.
 *
 * @param most keeps that many images: the first of each class in turn
 * @throws Refusal for a folder of another layout, a class without images, and a class that only one split has
 */
export const listImages = async (root: string, most: ImageCounts = {}): Promise<ImageFiles> => {
  const classes = await foldersIn(join(root, 'train'))
  const test = (await exists(join(root, 'test'))) || !(await exists(join(root, 'val'))) ? 'test' : 'val'
  const others = await foldersIn(join(root, test))
  if (classes.length < 2) return refuse(`two classes or more in ${join(root, 'train')}`, `${classes.length}`)
  if (classes.length > MOST_CLASSES) return refuse(`at most ${MOST_CLASSES} classes`, `${classes.length}`)
  const lonely = [...classes, ...others].find((name) => !(classes.includes(name) && others.includes(name)))
  if (lonely !== undefined) {
    const here = classes.includes(lonely) ? 'train' : test
    return refuse(`the same classes in train and ${test}`, `"${clipped(lonely)}" in ${here} alone`)
  }
  const of = (split: string): readonly ImageFile[] =>
    inTurn(classes.map((name, label) => filesOf(join(root, split, name), label)))
  return { classes, train: of('train').slice(0, most.train), test: of(test).slice(0, most.test) }
}
