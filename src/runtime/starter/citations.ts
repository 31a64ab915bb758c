import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ownVersion } from '../host/ownPackage.js'
import { ownRoot } from '../host/ownPlace.js'

/** BibTeX entries of this program, of the paper whose method it implements, of the attacks, and of other methods. */
export const citations = async (): Promise<string> =>
  `% This program.
@software{pwoatool,
  title   = {pwoa},
  author  = {{The pwoa authors}},
  version = {${ownVersion()}}
}

${await readFile(join(ownRoot, 'assets', 'cite.bib'), 'utf8')}`
