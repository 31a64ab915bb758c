/** What Node prints after an exception that ends a process. */
const NODE = /^Node\.js v\d/

/** The first line of an exception, as Node prints it: its name, perhaps a code, and its message. */
const EXCEPTION = /^(?:\w*(?:Error|Exception|Failure)\b|Uncaught\b)/

/**
 * Why a process crashed, in a line, from what it wrote to stderr: its last line; after an exception the line with its message,
 * because Node prints the stack and its own version below it. Empty if it wrote nothing.
 */
export const crashReason = (stderr: string): string => {
  const lines = stderr.trimEnd().split('\n')
  const last = lines.at(-1) ?? ''
  return NODE.test(last) ? (lines.findLast((line) => EXCEPTION.test(line)) ?? last) : last
}
