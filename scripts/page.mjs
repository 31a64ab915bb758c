/** The live page: its modules and uPlot as one script, its styles as one sheet. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

/** Bundles `page/` of the checkout into a folder. */
export const buildPage = async (root, folder) => {
  mkdirSync(folder, { recursive: true })
  await build({
    entryPoints: { page: join(root, 'page', 'main.ts') },
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'silent',
    legalComments: 'none',
  })
  await build({
    stdin: {
      contents: "@import 'uplot/dist/uPlot.min.css';\n@import './style.css';\n",
      loader: 'css',
      resolveDir: join(root, 'page'),
    },
    outfile: join(folder, 'page.css'),
    bundle: true,
    minify: true,
    logLevel: 'silent',
  })
  copyFileSync(join(root, 'page', 'index.html'), join(folder, 'index.html'))
}
