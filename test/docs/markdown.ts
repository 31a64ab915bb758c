import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A block of code on a page. One that begins with a comment of a file's name (`// first.ts`) is that file, whole. */
export interface CodeBlock {
  /** The page, by its path in the checkout. */
  readonly page: string
  /** The line that the code begins on, from 1. */
  readonly line: number
  readonly text: string
  readonly file: string | undefined
}

/** The pages that people read, by their paths in the checkout: those in its root, and all in docs/. */
export const pages = (): readonly string[] => [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.split(sep).join('/')}`)
    .sort(),
]

export const readPage = (page: string): string => readFileSync(join(root, page), 'utf8')

const withoutBlocks = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, '')

/** The blocks of a page in a language. */
export const codeBlocks = (page: string, language: string): readonly CodeBlock[] => {
  const text = readPage(page)
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map((match) => {
    const [, code = ''] = match
    const line = text.slice(0, match.index).split('\n').length + 1
    return { page, line, text: code, file: /^\/\/ ([\w-]+\.ts)\n/.exec(code)?.[1] }
  })
}

/** Code within the sentences and tables of a page, such as `pgd({ epsilon, steps: 40 })`, without the backquotes. */
export const inlineCode = (page: string): readonly string[] =>
  [...withoutBlocks(readPage(page)).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)

/** The links of a page to files of the checkout, without the place in them (`#heading`). */
export const localLinks = (page: string): readonly string[] =>
  [...withoutBlocks(readPage(page)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link.replace(/#.*$/, ''))
    .filter((link) => link !== '' && !/^[a-z]+:/.test(link))

/** The page that a link leads to, by its path in the checkout. */
export const linked = (page: string, link: string): string =>
  relative(root, join(root, page, '..', link))
    .split(sep)
    .join('/')
