/**
 * `npm run docs`: the documentation as pages that open from disk: a reference made of docstrings, the pages of docs/, and a
 * page about the method. `node scripts/site.mjs [FOLDER [ENTRY]]` writes it elsewhere, or for another module's exports.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { Application, Converter, JSX, Logger, LogLevel, PageEvent, ReflectionKind } from 'typedoc'
import ts from 'typescript'
import { optionTables } from './optionTables.mjs'
import { buildMethodPage } from './page.mjs'
import { build, root } from './setup.mjs'

/** The group of a page in the list of pages, by its folder in docs/. */
const groups = new Map([
  ['guides', 'Guides'],
  ['', 'Look up'],
  ['machines', 'Machines'],
  ['results', 'Results'],
  ['decisions', 'Decisions'],
])

/** Collects the problems, for the caller. */
class Problems extends Logger {
  found = []

  log(message, level) {
    if (level >= LogLevel.Warn) this.found.push(message)
  }
}

const plainText = (markdown) => markdown.replaceAll('`', '')

const FRONT = 'index.md'

/** The pages of a folder: in the order in which the front page names them, then the others by name. */
const pagesIn = (docs, folder) => {
  const front = readFileSync(join(docs, FRONT), 'utf8')
  const place = (name) => {
    const at = front.indexOf(`(${[folder, name].filter(Boolean).join('/')})`)
    return at < 0 ? Number.POSITIVE_INFINITY : at
  }
  return readdirSync(join(docs, folder))
    .filter((name) => name.endsWith('.md') && name !== FRONT)
    .sort()
    .toSorted((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b)))
    .map((name) => join(docs, folder, name))
}

/** A page is named after its heading, and listed in its folder's group. */
const nameDocuments = (app, docs) =>
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document) => {
    const file = document.project.files.getReflectionPath(document)
    const [, heading] = /^# (.+)$/m.exec(document.content.map(({ text }) => text).join('')) ?? []
    if (heading) document.name = plainText(heading)
    const group = groups.get(relative(docs, dirname(file)).split(sep).join('/'))
    if (group) document.frontmatter.group = group
  })

const METHOD = 'method.html'

/** Every page links to the one about the method, above the list of the others. */
const linkMethod = (app) =>
  app.renderer.hooks.on('sidebar.begin', (context) =>
    JSX.createElement(
      'p',
      {},
      JSX.createElement('a', { href: context.relativeURL(METHOD) }, 'The method, in pictures'),
    ),
  )

/** The page of a function that takes options ends with a table of them. */
const tabulateOptions = (app, tables) =>
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const { name, signatures = [] } of project.getReflectionsByKind(ReflectionKind.Function)) {
      const table = tables.get(name)
      if (table === undefined) continue
      for (const { comment } of signatures) comment?.summary.push({ kind: 'text', text: `\n\n${table}\n` })
    }
  })

/** Content that is wider than the window is scrolled, by keyboard too. */
const scrollByKeyboard = (app) =>
  app.renderer.on(PageEvent.END, (page) => {
    page.contents = page.contents?.replace(/<(pre|table)>/g, '<$1 tabindex="0">')
  })

/** The front page is headed by its own heading, not by the package's name too. */
const headOnce = (app) =>
  app.renderer.on(PageEvent.END, (page) => {
    if (page.url === 'index.html')
      page.contents = page.contents?.replace(/<div class="tsd-page-title">(?:(?!<\/div>).)*<\/div>/s, '')
  })

/** A public type may be that of a codec (`typeof summary`), which is not public: the type's own docstring is enough. */
const dropCodecs = (app) =>
  app.converter.on(
    Converter.EVENT_RESOLVE_BEGIN,
    ({ project }) => {
      for (const value of project.getReflectionsByKind(ReflectionKind.Variable))
        if (value.parent?.name === '<internal>' && !value.hasComment()) project.removeReflection(value)
    },
    -1,
  )

/** Writes the site. @returns its problems, one a line: an export without a docstring, a broken link */
const buildSite = async (folder, entry) => {
  const docs = join(root, 'docs')
  const problems = new Problems()
  const app = await Application.bootstrapWithPlugins({
    name: 'pwoa',
    entryPoints: [entry],
    tsconfig: ts.findConfigFile(dirname(entry), existsSync, 'tsconfig.build.json'),
    // Types are checked by npm test.
    skipErrorChecking: true,
    readme: join(docs, FRONT),
    projectDocuments: [...groups.keys()].flatMap((name) => pagesIn(docs, name)),
    highlightLanguages: ['c', 'js', 'python', 'sh', 'ts', 'typescript'],
    disableSources: true,
    // Types that a public signature names are documented, too, even if they are not exported.
    plugin: ['typedoc-plugin-missing-exports'],
    excludeExternals: true,
    excludePrivate: true,
    validation: { notExported: true, invalidLink: true, invalidPath: true, notDocumented: true },
    requiredToBeDocumented: ['Class', 'Interface', 'TypeAlias', 'Function', 'Variable', 'Enum'],
    navigation: { includeGroups: true },
    groupOrder: [...groups.values(), '*'],
    customCss: join(docs, 'site.css'),
    hideGenerator: true,
    // The search finds words of guides and docstrings, not only names.
    searchInComments: true,
    searchInDocuments: true,
    logLevel: 'Warn',
  })
  app.logger = problems
  nameDocuments(app, docs)
  dropCodecs(app)
  linkMethod(app)
  scrollByKeyboard(app)
  headOnce(app)
  await build()
  const [point] = app.getEntryPoints() ?? []
  if (point) tabulateOptions(app, await optionTables(point.program, root))
  const project = await app.convert()
  if (!project) return problems.found
  app.validate(project)
  await app.generateDocs(project, folder)
  await buildMethodPage(root, join(folder, METHOD))
  return problems.found
}

const [folder = join(root, 'site'), entry = join(root, 'src', 'index.ts')] = process.argv.slice(2)
const problems = await buildSite(folder, entry)
for (const problem of problems) process.stderr.write(`docs: ${problem}\n`)
if (problems.length > 0) process.exitCode = 1
else process.stderr.write(`docs: ${join(folder, 'index.html')}\n`)
