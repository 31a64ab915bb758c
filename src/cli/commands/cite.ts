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
    const { citations } = await import('../../runtime/starter/citations.js')
    return { text: await citations(), code: 0 }
  },
)
