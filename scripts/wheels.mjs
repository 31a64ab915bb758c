/** Python wheels as files: libraries come in them, with hashes that this package knows. */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { discard, partialFolder } from './partialFolders.mjs'
import { run } from './runCommand.mjs'

/** The name of a Python 3 that runs. */
export const findPython = async () => {
  for (const python of ['python3', 'python']) {
    try {
      await run(python, python, ['-c', 'import sys, zipfile; sys.exit(sys.version_info < (3, 7))'], { seconds: 20 })
      return python
    } catch {
      // The next name may work.
    }
  }
  throw new Error('no Python 3 found, which is needed to fetch libtensorflow and to build the addon')
}

const sha256Of = async (file) => {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk)
  return hash.digest('hex')
}

/**
 * Downloads a wheel into a folder of its own there, checks its hash, and then gives it its name: a file of that name is
 * whole. One that is there already is used if its hash is right.
 *
 * @param {{ name: string, version: string, sha256: string, platforms: readonly string[] }} wheel
 * @returns the path of the file
 */
export const downloadWheel = async (folder, python, { name, version, sha256, platforms }) => {
  const file = join(folder, `${name}-${version}.whl`)
  if (existsSync(file) && (await sha256Of(file)) === sha256) return file
  const place = partialFolder(file)
  try {
    const wanted = ['--python-version', '3.11', ...platforms.flatMap((platform) => ['--platform', platform])]
    const quiet = ['--quiet', '--no-deps', '--no-cache-dir', '--only-binary=:all:']
    await run(
      `pip download of ${name}`,
      python,
      ['-m', 'pip', 'download', ...quiet, ...wanted, '--dest', place, `${name}==${version}`],
      { cwd: place, seconds: 3600 },
    )
    const found = readdirSync(place).find((entry) => entry.endsWith('.whl'))
    if (found === undefined) throw new Error(`pip download of ${name} brought no wheel`)
    const hash = await sha256Of(join(place, found))
    if (hash !== sha256) throw new Error(`${found} has the SHA-256 ${hash}, expected ${sha256}`)
    renameSync(join(place, found), file)
    return file
  } finally {
    discard(place)
  }
}
