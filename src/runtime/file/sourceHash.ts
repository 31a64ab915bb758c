import { sha256Of } from '../../io/files/hash.js'
import { ownEntry } from '../host/ownPackage.js'

/**
 * Hash of a bundled pipeline file that tells one version of its code from another: not by comments or the layout, nor by
 * where the file, this package and others lie.
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
