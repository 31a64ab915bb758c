import { type Command, Option } from 'commander'

/**
 * A part of a command line, such as an option: declares itself on a command, and returns a function for its value, to
 * be called after the command line was parsed. commander's own values are untyped; these are not.
 */
export type Part<A> = (command: Command) => () => A

/** Parts by the names of their values. */
export type Parts = Readonly<Record<string, Part<unknown>>>

/** The values of parts. */
export type Values<P extends Parts> = { readonly [K in keyof P]: P[K] extends Part<infer A> ? A : never }

/** Several parts as one, with a value for each. `--help` lists them in this order. */
export const all =
  <P extends Parts>(parts: P): Part<Values<P>> =>
  (command) => {
    const readers = Object.entries(parts).map(([name, part]) => [name, part(command)] as const)
    return () => Object.fromEntries(readers.map(([name, read]) => [name, read()])) as Values<P>
  }

/** A part whose value is a function of another part's. */
export const mapped =
  <A, B>(part: Part<A>, change: (value: A) => B): Part<B> =>
  (command) => {
    const read = part(command)
    return () => change(read())
  }

/** A part with a value for command lines without it. */
export const withDefault = <A>(value: A, part: Part<A | undefined>): Part<A> => mapped(part, (given) => given ?? value)

/**
 * An option with a value, such as `--seed <n>`; undefined if it was not given.
 *
 * @param read converts the text, and throws a `UsageError` if it can't; receives the value of an earlier occurrence
 */
export const option =
  <A>(flags: string, help: string, read: (text: string, earlier: A | undefined) => A): Part<A | undefined> =>
  (command) => {
    let value: A | undefined
    command.option(flags, help, (text: string) => {
      value = read(text, value)
      return value
    })
    return () => value
  }

/** An option whose value is any text, such as `--data-dir <dir>`; undefined if it was not given. */
export const textOption = (flags: string, help: string): Part<string | undefined> => option(flags, help, (text) => text)

/** An option with a value that is required, such as `--runs <place>`. commander refuses a command line without it. */
export const requiredOption =
  (flags: string, help: string): Part<string> =>
  (command) => {
    command.requiredOption(flags, help)
    return () => String(command.getOptionValue(new Option(flags).attributeName()))
  }

/** An option whose value may be left out, such as `--queue [url]`: then it is `true`. Undefined if it was not given. */
export const optionalValue =
  (flags: string, help: string): Part<string | true | undefined> =>
  (command) => {
    const declared = new Option(flags, help)
    command.addOption(declared)
    return () => {
      const value: unknown = command.getOptionValue(declared.attributeName())
      return typeof value === 'string' || value === true ? value : undefined
    }
  }

/** An option without a value, such as `--json`: whether it was given. */
export const flag = (flags: string, help: string): Part<boolean> =>
  mapped(optionalValue(flags, help), (value) => value === true)

/** An argument that is required, such as `<DIR>`. commander refuses a command line without it. */
export const argument =
  (name: `<${string}>`, help: string): Part<string> =>
  (command) => {
    const place = command.registeredArguments.length
    command.argument(name, help)
    return () => String(command.args[place])
  }

/** An argument that may be left out, such as `[FILE]`. */
export const optionalArgument =
  (name: `[${string}]`, help: string): Part<string | undefined> =>
  (command) => {
    const place = command.registeredArguments.length
    command.argument(name, help)
    return () => command.args[place]
  }

/** Arguments of which there is at least one, such as `<IMAGE...>`, after those that were declared before. */
export const restOfArguments =
  (name: `<${string}...>`, help: string): Part<readonly string[]> =>
  (command) => {
    const place = command.registeredArguments.length
    command.argument(name, help)
    return () => command.args.slice(place)
  }
