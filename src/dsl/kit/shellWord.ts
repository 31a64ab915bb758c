/**
 * A word for a POSIX shell. Words of letters, digits and `_ @ % + = : , . / -` stay as they are; others are put in single
 * quotes.
 */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

/** The command that shows what a file of a network holds, for a hint. */
export const inspectCommand = (file: string): string => `pwoa-run inspect ${shellWord(file)}`
