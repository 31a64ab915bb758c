/** The options of stages, attacks, layers and data sets as Markdown tables, from their declarations and comments. */
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'

/** The exported declarations of options in a program's own files: `distillOptions` and the like. */
const declarationsIn = (program, sources) => {
  const checker = program.getTypeChecker()
  return program
    .getSourceFiles()
    .filter(({ fileName }) => fileName.startsWith(sources))
    .flatMap((file) => {
      const module = checker.getSymbolAtLocation(file)
      return module === undefined ? [] : checker.getExportsOfModule(module).map((symbol) => ({ file, symbol }))
    })
    .filter(({ symbol }) => symbol.name.endsWith('Options') && (symbol.flags & ts.SymbolFlags.Variable) !== 0)
    .map(({ file, symbol }) => ({ file: file.fileName, name: symbol.name, comments: commentsOf(checker, symbol) }))
}

/** The comment of each option, whether it is written in the declaration or spread into it. */
const commentsOf = (checker, symbol) => {
  const fields = checker.getTypeOfSymbol(symbol).getProperty('fields')
  const properties = fields === undefined ? [] : checker.getTypeOfSymbol(fields).getProperties()
  return new Map(
    properties.map((property) => [
      property.name,
      ts.displayPartsToString(property.getDocumentationComment(checker)).replace(/\s+/g, ' '),
    ]),
  )
}

const cell = (text) => text.replaceAll('|', '\\|')

const defaultOf = ({ presence, fallback, otherwise, encode }) => {
  if (presence === 'required') return 'required'
  if (presence === 'optional') return otherwise
  return `\`${JSON.stringify(encode(fallback))}\``
}

const tableOf = ({ fields }, comments) => {
  const rows = Object.entries(fields).map(([name, field]) => {
    const { expected, unit } = field.facts
    const accepted = `${expected(name)}${unit === undefined ? '' : ` (${unit})`}`
    return `| \`${name}\` | ${[accepted, defaultOf(field), comments.get(name) ?? ''].map(cell).join(' | ')} |`
  })
  return ['| Option | Accepted | Default | |', '|---|---|---|---|', ...rows].join('\n')
}

/**
 * A table for each declaration, by the name of what takes the options. Values and defaults come from the built
 * package, comments from the sources.
 */
export const optionTables = async (program, root) => {
  const sources = join(root, 'src')
  const found = await Promise.all(
    declarationsIn(program, sources).map(async ({ file, name, comments }) => {
      const built = join(root, 'dist', relative(sources, file).replace(/\.ts$/, '.js'))
      const declared = (await import(pathToFileURL(built).href))[name]
      return declared?.fields === undefined ? [] : [[declared.of, tableOf(declared, comments)]]
    }),
  )
  return new Map(found.flat())
}
