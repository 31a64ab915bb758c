/** How a command runs. */
export interface CommandOptions {
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
  /** Seconds after which it is ended. */
  readonly seconds: number
  readonly shell?: boolean
  /** Seconds between two lines that show that it still runs. @default 10 */
  readonly beat?: number
}
/** Runs a command, and resolves with its output. */
export declare const run: (
  what: string,
  command: string,
  args: readonly string[],
  options: CommandOptions,
) => Promise<string>
