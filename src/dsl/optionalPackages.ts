import { PwoaFailure } from './errors.js'

/** Packages that only some users need, as npm installs them, by what they are for. */
export const optionalPackages = {
  queues: ['bullmq@6', 'ioredis@5'],
  'figures of a worker': ['prom-client@15'],
  buckets: ['@aws-sdk/client-s3@3.1175'],
  'image files': ['sharp@0.35'],
  charts: ['@observablehq/plot@0.6', 'linkedom@0.18'],
  'reading Parquet': ['hyparquet@1'],
  'writing Parquet': ['hyparquet-writer@0.17'],
  'writing SQLite': ['sql.js@1'],
} as const satisfies Readonly<Record<string, readonly string[]>>

/** What an optional package is for. */
export type OptionalUse = keyof typeof optionalPackages

/** The command that installs what a use needs. */
export const installCommand = (use: OptionalUse): string => `npm install ${optionalPackages[use].join(' ')}`

/**
 * What becomes of an import that fails, for a package that `package.json` has as an optional peer: npm installs it only
 * for a project that names it. It is written as `import('sharp').catch(missing('imageFolder', 'image files'))`, so that
 * bundlers see an import that may fail.
 *
 * @param stage the stage or option that the error names
 * @throws UsageError whose hint is the command that installs what is missing
 */
export const missing =
  (stage: string, use: OptionalUse) =>
  (cause: unknown): never => {
    throw new PwoaFailure({
      _tag: 'UsageError',
      stage,
      expected: `${namesFor(use)} for ${use}`,
      actual: isAbsent(cause) ? 'no such package' : firstLine(cause),
      hint: `${installCommand(use)}${isAbsent(cause) ? '' : ' --include=optional'}`,
      cause,
    })
  }

const namesFor = (use: OptionalUse): string => {
  const names = optionalPackages[use].map((one) => one.slice(0, one.lastIndexOf('@')))
  return `the ${names.length === 1 ? 'package' : 'packages'} ${names.join(' and ')}`
}

const isAbsent = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_MODULE_NOT_FOUND'

const firstLine = (thrown: unknown): string =>
  (thrown instanceof Error ? thrown.message : String(thrown)).trim().split('\n')[0] ?? ''
