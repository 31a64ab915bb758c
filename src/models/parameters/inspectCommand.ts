import { shellWord } from '../../dsl/kit/shellWord.js'

/** The command that shows what a file of a network holds, for a hint. */
export const inspectCommand = (file: string): string => `pwoa-run inspect ${shellWord(file)}`
