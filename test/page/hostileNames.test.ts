import { describe, expect, test } from 'vitest'
import { makeShow } from '../../src/ui/show.js'
import { hostile, runOf } from '../support/hostileNames.js'
import { inLong } from '../support/longer.js'
import { needing } from '../support/needs.js'
import { pageFiles, serve } from '../ui/served.js'
import { browser, chromiumBrowser } from './browser.js'

/** The browser takes a second for each name. */

const files = pageFiles()
const open = browser()

/** A page about two runs of a sweep in which everything is called so. */
const showOf = (name: string) => {
  const show = makeShow(name)
  const { plan, figures, pictures } = runOf(name)
  for (const id of ['0', '1'])
    show.put({
      id,
      label: `${name}${id}`,
      params: Object.fromEntries([[name, name]]),
      plan,
      figures,
      pictures,
      controls: undefined,
    })
  return show
}

describe('the live page', needing(inLong, chromiumBrowser), () => {
  test('shows hostile names as text', async () => {
    const kinds = new Map<string, readonly string[]>()
    for (const name of ['a harmless name', ...hostile]) {
      const { url, port } = await serve(showOf(name), files())
      const { page, problems, hosts } = await open(url)
      await page.getByText('Connected').waitFor()
      await page.locator('.choose').nth(1).waitFor()
      for (const summary of await page.locator('summary').all()) await summary.click()
      const { labels, elements } = await page.evaluate(() => ({
        labels: [...document.querySelectorAll('.choose')].map(({ textContent }) => textContent),
        elements: [...document.querySelectorAll('*')].map(
          (one) => `${one.localName} ${[...one.attributes].map((attribute) => attribute.name).join(' ')}`,
        ),
      }))
      expect(labels).toEqual([`${name}0`, `${name}1`])
      expect([...hosts], name).toEqual([`127.0.0.1:${port}`])
      expect(problems, name).toEqual([])
      expect(page.url(), name).toBe(url)
      kinds.set(name, [...new Set(elements)].sort())
      await page.context().close()
    }
    const [expected = [], ...others] = kinds.values()
    expect(others).toHaveLength(hostile.length)
    const strange = others.flatMap((found) => found.filter((element) => !expected.includes(element)))
    expect(strange).toEqual([])
  })
})
