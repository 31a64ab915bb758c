/** Builds the pages for browsers: the live page, as a script and a style sheet; the page about the method, as one file. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
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

/** Graphs are a part of the native engine; in a browser the portable one computes. */
const withoutGraphs = {
  name: 'without graphs',
  setup: ({ onLoad }) =>
    onLoad({ filter: /engine[\\/]graph[\\/]compiledGraph\.ts$/ }, () => ({
      contents: `
        const none = () => { throw new Error('no graphs') }
        export const canCompile = () => false
        export { none as compileGraph, none as evenParts }
        export const compiledOnce = () => none`,
    })),
}

/** The engine's own module: the library fetches it from a URL. */
const engineAsUrl = {
  name: 'engine as url',
  setup: ({ onLoad }) =>
    onLoad({ filter: /tfjs-backend-wasm-simd\.wasm$/ }, ({ path }) => ({
      contents: readFileSync(path),
      loader: 'dataurl',
    })),
}

/** The text of a bundle. */
const bundled = async (options) => {
  const { outputFiles } = await build({
    ...options,
    bundle: true,
    minify: true,
    write: false,
    logLevel: 'silent',
    legalComments: 'none',
  })
  return outputFiles[0].text
}

/** Writes the page about the method: one file with its styles, its script, and the engine that it computes with. */
export const buildMethodPage = async (root, file) => {
  const page = join(root, 'page')
  const script = await bundled({
    entryPoints: [join(page, 'method', 'main.ts')],
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    loader: { '.wasm': 'binary' },
    plugins: [withoutGraphs, engineAsUrl],
  })
  const shared = await bundled({ entryPoints: [join(root, 'src', 'report', 'html', 'style.ts')], format: 'esm' })
  const { style } = await import(`data:text/javascript,${encodeURIComponent(shared)}`)
  const sheets = ["@import './style.css';", "@import './method/style.css';"].join('\n')
  const own = await bundled({ stdin: { contents: sheets, loader: 'css', resolveDir: page } })
  const html = readFileSync(join(page, 'method', 'index.html'), 'utf8')
  writeFileSync(
    file,
    html.replace('/* style */', () => style + own).replace('/* script */', () => script),
  )
}
