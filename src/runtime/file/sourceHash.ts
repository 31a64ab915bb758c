import { sha256Of } from '../../io/files/hash.js'
import { ownEntry } from '../host/ownPlace.js'

/**
 * Hash of the code of a bundled pipeline file. Comments, layout, and the paths of the file, of this package and of others
 * do not count. 20 hexadecimal digits.
 */
export const sourceHash = async (code: string): Promise<string> => {
  const { transform } = await import('esbuild')
  const bare = await transform(code, { minifyWhitespace: true, legalComments: 'none', format: 'esm' })
  const placeless = bare.code
    .replaceAll(ownEntry.href, 'pwoa')
    .replace(/(__pwoa_\w+)="(?:[^"\\]|\\.)*"/g, '$1')
    .replace(/"file:[^"]*\/node_modules\//g, '"')
  return sha256Of(placeless).slice(0, 20)
}
