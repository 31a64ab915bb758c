/**
 * `npm run bench [attacks]`: sets everything up, then times the code that is shipped (dist/): training steps compared with
 * PyTorch, or attacks compared with torchattacks.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root, setUp } from '../scripts/setup.mjs'
import { bundle } from './bundle.mjs'

await setUp()

const folder = await bundle(['bench', 'attackSide', 'stepSide'])
const { bench } = await import(pathToFileURL(join(folder, 'bench.mjs')).href)
process.exitCode = await bench(root, process.argv.slice(2))
