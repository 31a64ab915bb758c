/** The part of TensorFlow.js that its core package has no entry for in Node, as one file. */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'

/** Where it is built, and where `src/engine/load/portable.ts` looks for it. */
export const gradientsOf = (root) => join(root, 'dist', 'tensorflow', 'gradients.cjs')

/**
 * Bundles the gradients of all operations, and the operations as methods of tensors. Importing the file registers both
 * with the `tfjs-core` of the process: TensorFlow.js keeps its registries and its engine in global variables. In Node
 * only the package `@tensorflow/tfjs` has them otherwise, which is 200 MB larger.
 */
export const buildGradients = async (root, outfile = gradientsOf(root)) => {
  mkdirSync(dirname(outfile), { recursive: true })
  await build({
    stdin: {
      contents: `
        import '@tensorflow/tfjs-core/dist/register_all_gradients.js'
        import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js'`,
      resolveDir: root,
    },
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'silent',
    // The licence of TensorFlow.js asks for its notice.
    legalComments: 'eof',
  })
}

/** The same, unless the file is there. */
export const ensureGradients = async (root) => {
  if (!existsSync(gradientsOf(root))) await buildGradients(root)
}
