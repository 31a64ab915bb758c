import type { Command } from 'commander'
import type { Outcome } from './outcome.js'
import { all, type Parts, type Values } from './part.js'
import { refusedUsage } from './usageFailure.js'

/** What a command line asks for: read and checked, but not done yet. */
export interface Request {
  /** Names the command in errors: `report`, or `pwoa-run` for a pipeline file. */
  readonly stage: string
  /** The values of its arguments and options. */
  readonly asked: object
  /** Does it. The modules that it needs are loaded only then. */
  readonly act: () => Promise<Outcome>
}

/** Adds a command to a program. `ask` receives the request of a command line that names this command. */
export type Subcommand = (program: Command, ask: (request: Request) => void) => void

/** The texts of a command in `--help`. */
interface Texts {
  readonly name: string
  /** One line for the list of subcommands. */
  readonly summary: string
  /** One sentence for its own help. */
  readonly description: string
  /** What follows the name in its help. @default its arguments and `[options]` */
  readonly usage?: string
}

/**
 * Declares a subcommand. Its help and its checks follow from its texts and parts.
 *
 * @param parts its arguments and options
 * @param act does what a command line asks for; receives the values of the parts
 */
export const subcommand =
  <P extends Parts>(texts: Texts, parts: P, act: (asked: Values<P>) => Promise<Outcome>): Subcommand =>
  (program, ask) => {
    const { name, summary, description, usage } = texts
    const command = program.command(name).summary(summary).description(description)
    command.helpOption('-h, --help', 'prints this text').configureOutput({
      writeOut: (text) => ask({ stage: name, asked: { help: true }, act: async () => ({ text, code: 0 }) }),
    })
    const read = declare(command, `pwoa-run ${name}`, parts)
    command.usage(usage ?? [...command.registeredArguments.map(drawArgument), '[options]'].join(' '))
    command.action(() => ask(requestOf(name, read(), act)))
  }

/**
 * Declares the command that runs if no subcommand is named. Its `--help` is an option like the others, because what it
 * prints depends on the rest of the command line.
 */
export const defaultCommand =
  <P extends Parts>(
    { name, description }: Pick<Texts, 'name' | 'description'>,
    parts: P,
    act: (asked: Values<P>) => Promise<Outcome>,
  ): Subcommand =>
  (program, ask) => {
    const command = program.command(name, { isDefault: true }).description(description).usage('[options]')
    const read = declare(command, program.name(), parts)
    command.action(() => ask(requestOf(program.name(), read(), act)))
  }

/** A subcommand and its arguments, as the list of subcommands shows it: `report <DIR>`. */
export const drawSubcommand = (command: Command): string =>
  [command.name(), ...command.registeredArguments.map(drawArgument)].join(' ')

const drawArgument = (argument: Command['registeredArguments'][number]): string => {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${name}>` : `[${name}]`
}

/** Declares the parts on a command, and has it throw a `UsageError` for a wrong command line. */
const declare = <P extends Parts>(command: Command, caller: string, parts: P): (() => Values<P>) => {
  const read = all(parts)(command)
  command.option('--trace', 'shows where an error comes from').exitOverride((error) => {
    throw error.exitCode === 0 ? error : refusedUsage(command, caller, error)
  })
  return read
}

const requestOf = <A extends object>(stage: string, asked: A, act: (asked: A) => Promise<Outcome>): Request => ({
  stage,
  asked,
  act: () => act(asked),
})
