import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as rxjs from 'rxjs'
import ts from 'typescript'

/** The sources as the compiler sees them, for tests of rules that no linter has. */

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Path in the checkout, with slashes. */
export const pathOf = (file: string): string => relative(root, file).split(sep).join('/')

/** Every TypeScript file of a room, or of all, by its path in the checkout. Files whose path has a leading dot are left out. */
export const sourceFiles = (folder = 'src'): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.split(sep).some((part) => part.startsWith('.')))
    .map((name) => join(root, folder, name))
    .sort()

export const readSource = (file: string): ts.SourceFile =>
  ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true)

/** Lines as `wc -l` counts them. */
export const linesOf = (file: string): number => readFileSync(file, 'utf8').split('\n').length - 1

/** An exported declaration of a file; `node` is what carries the docstring. */
export interface Exported {
  readonly name: string
  /** The line on which it begins, from 1. */
  readonly line: number
  readonly isValue: boolean
  readonly node: ts.Node
}

const isExported = (statement: ts.Statement): boolean =>
  ts.canHaveModifiers(statement) &&
  (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)

/** Every exported declaration, without re-exports. @throws Error for an unknown kind of declaration */
export const exportsOf = (source: ts.SourceFile): readonly Exported[] =>
  source.statements.filter(isExported).flatMap((node): readonly Exported[] => {
    const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
    if (ts.isVariableStatement(node))
      return node.declarationList.declarations.map(({ name }) => ({
        name: name.getText(source),
        line,
        isValue: true,
        node,
      }))
    if (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node))
      return [{ name: node.name?.text ?? 'default', line, isValue: true, node }]
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node))
      return [{ name: node.name.text, line, isValue: false, node }]
    throw new Error(`${pathOf(source.fileName)}:${line}: an export that the tests do not know`)
  })

/** The values that the package's root exports, each with the file that declares it. */
export const publicValues = (): readonly { readonly name: string; readonly file: string }[] =>
  readSource(join(root, 'src/index.ts')).statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement) || statement.isTypeOnly || !statement.moduleSpecifier) return []
    if (!statement.exportClause || !ts.isNamedExports(statement.exportClause)) throw new Error('index.ts: names only')
    const target = statement.moduleSpecifier.getText().slice(1, -1).replace(/\.js$/, '.ts')
    return statement.exportClause.elements
      .filter(({ isTypeOnly }) => !isTypeOnly)
      .map(({ name }) => ({ name: name.text, file: join(root, 'src', target) }))
  })

/** The names of the types that the package's root exports. */
const publicTypes = (): readonly string[] =>
  readSource(join(root, 'src/index.ts')).statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement) || !statement.exportClause) return []
    const { exportClause, isTypeOnly } = statement
    if (!ts.isNamedExports(exportClause)) return []
    return exportClause.elements.filter((one) => isTypeOnly || one.isTypeOnly).map(({ name }) => name.text)
  })

/** Adds the necessary imports to an example, as an editor would; an example that has imports is not changed. */
export const importer = (): ((example: string) => string) => {
  const values = new Set(publicValues().map(({ name }) => name))
  const types = new Set(publicTypes())
  const theirs = new Set(Object.keys(rxjs))
  return (example) => {
    if (example.includes('import ')) return example
    const declared = new Set([...example.matchAll(/\b(?:const|function) (\w+)/g)].map(([, word]) => word))
    const used = [...new Set(example.match(/[a-zA-Z_$][\w$]*/g))].filter((word) => !declared.has(word))
    const isOperator = (word: string): boolean =>
      theirs.has(word) && !values.has(word) && new RegExp(`\\b${word}\\(`).test(example)
    const lists = [used.filter((word) => values.has(word)), used.filter((word) => types.has(word))]
    const [ours, ofTypes] = lists.map((words) => words.join(', '))
    return `import { ${ours} } from 'pwoa'
import type { ${ofTypes} } from 'pwoa'
import { ${used.filter(isOperator).join(', ')} } from 'rxjs'
${example}
`
  }
}

/** The docstring's prose and its tags, as text by name. */
export const docOf = (node: ts.Node): { readonly text: string; readonly tags: ReadonlyMap<string, string> } => {
  const parts = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc)
  const text = parts.map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '').join('\n')
  const tags = parts.flatMap((part) => part.tags ?? [])
  return {
    text,
    tags: new Map(tags.map((tag) => [tag.tagName.text, ts.getTextOfJSDocComment(tag.comment) ?? ''])),
  }
}

/** Compiles TypeScript modules as if they lay in the checkout's root. @returns the compiler's errors */
export const compile = (modules: ReadonlyMap<string, string>): readonly string[] => {
  const read = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent({ ...read.config, files: [], include: [] }, ts.sys, root)
  const settings = { ...options, noUnusedLocals: false, noUnusedParameters: false }
  const byPath = new Map([...modules].map(([name, text]) => [join(root, name), text]))
  const host = ts.createCompilerHost(settings)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (file) => byPath.has(file) || fileExists(file)
  host.readFile = (file) => byPath.get(file) ?? readFile(file)
  host.getSourceFile = (file, language, ...rest) => {
    const text = byPath.get(file)
    return text === undefined ? getSourceFile(file, language, ...rest) : ts.createSourceFile(file, text, language)
  }
  const program = ts.createProgram([...byPath.keys()], settings, host)
  return [...byPath.keys()].flatMap((file) => {
    const source = program.getSourceFile(file)
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText }) => `${pathOf(file)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    )
  })
}
