import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { buildPage } from '../../scripts/page.mjs'
import { type PageFiles, readPageFiles } from '../../src/ui/pageFiles.js'
import { openPageServer, type PageServer } from '../../src/ui/pageServer.js'
import type { Show } from '../../src/ui/show.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Builds the page once for a file of tests. */
export const pageFiles = (): (() => PageFiles) => {
  const folder = mkdtempSync(join(tmpdir(), 'pwoa-page-'))
  let files: PageFiles | undefined
  beforeAll(async () => {
    await buildPage(root, folder)
    files = await readPageFiles(folder)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return () => {
    if (!files) throw new Error('the page is not built yet')
    return files
  }
}

export const token = 'a-token-of-a-test'

/** Serves a show until the test ends. */
export const serve = async (show: Show, files: PageFiles): Promise<PageServer> => {
  const server = await openPageServer({ host: '127.0.0.1', port: 0, token, files, show })
  onTestFinished(() => server.close())
  return server
}
