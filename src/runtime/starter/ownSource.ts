import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { isRight } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { ownRoot } from '../host/ownPlace.js'

/**
 * What a project in `folder` states as the source of this package: what the project states that this package is installed
 * in, such as a version, an archive or an address. A checkout, and an installation that no project states, are their path.
 *
 * @param root the folder of this package
 */
export const ownSource = (folder: string, root = ownRoot): string => {
  for (const project of projectsAround(root)) {
    const stated = statedIn(project)
    if (stated !== undefined) return moved(stated, project, folder)
  }
  return `file:${pathFrom(folder, root)}`
}

/** The folders in whose `node_modules` a package lies, the nearest first. */
const projectsAround = (root: string): readonly string[] => {
  const parts = resolve(root).split(sep)
  return parts.flatMap((part, i) => (part === 'node_modules' ? [parts.slice(0, i).join(sep) || sep] : [])).reverse()
}

const Dependencies = t.partial({
  dependencies: t.record(t.string, t.string),
  devDependencies: t.record(t.string, t.string),
})

const statedIn = (project: string): string | undefined => {
  const file = join(project, 'package.json')
  const decoded = Dependencies.decode(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined)
  return isRight(decoded) ? (decoded.right.dependencies?.pwoa ?? decoded.right.devDependencies?.pwoa) : undefined
}

/** The same source, seen from another folder: the path of a file is relative to the project that states it. */
const moved = (stated: string, project: string, folder: string): string => {
  const [, kind, path] = /^(file:|link:|portal:)(.*)$/.exec(stated) ?? []
  return path === undefined ? stated : `${kind}${pathFrom(folder, resolve(project, path))}`
}

const pathFrom = (folder: string, target: string): string =>
  relative(resolve(folder), target).split(sep).join('/') || dirname(target)
