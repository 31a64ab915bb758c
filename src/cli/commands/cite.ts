import { subcommand } from '../arguments/subcommand.js'

/** `pwoa-run cite` */
export const cite = subcommand(
  {
    name: 'cite',
    summary: 'prints BibTeX entries to cite',
    description:
      'Prints BibTeX entries of this program, of the paper whose method it implements, of the attacks, and of the methods that it is compared with.',
  },
  {},
  async () => {
    const [{ readFile }, { join }, { ownRoot }, { ownVersion }] = await Promise.all([
      import('node:fs/promises'),
      import('node:path'),
      import('../../runtime/host/ownPlace.js'),
      import('../../runtime/host/ownPackage.js'),
    ])
    const own = `% This program.\n@software{pwoatool,\n  title   = {pwoa},\n  author  = {{The pwoa authors}},\n  version = {${ownVersion()}}\n}\n`
    return { text: `${own}\n${await readFile(join(ownRoot, 'assets', 'cite.bib'), 'utf8')}`, code: 0 }
  },
)
