#!/usr/bin/env node
import { type PwoaError, toPwoaError } from '../dsl/errors.js'
import { ownVersion } from '../runtime/host/ownPackage.js'
import { drawError } from './drawError.js'
import { exitCodes } from './exitCodes.js'
import type { Arguments } from './invocation.js'
import { awaitInterrupt } from './onInterrupt.js'
import { parseArguments } from './parseArguments.js'
import { parseWord } from './parseWord.js'
import type { Outcome } from './runCommand.js'
import type { Word } from './word.js'

awaitInterrupt()

const argv = process.argv.slice(2)

const say = (stream: NodeJS.WriteStream, text: string): Promise<void> =>
  new Promise((resolve) => {
    if (text === '') resolve()
    else stream.write(text, () => resolve())
  })

const fail = async (error: PwoaError): Promise<number> => {
  await say(process.stderr, drawError(error))
  if (argv.includes('--trace')) {
    const { drawTrace } = await import('./drawTrace.js')
    await say(process.stderr, drawTrace(error.cause))
  }
  return exitCodes[error._tag]
}

const answer = async ({ ask, help }: Arguments): Promise<number> => {
  if (ask === 'help') return say(process.stdout, help).then(() => 0)
  if (ask === 'version') return say(process.stdout, `${ownVersion()}\n`).then(() => 0)
  const { runCommand } = await import('./runCommand.js')
  return conclude(await runCommand(ask))
}

const answerWord = async (asked: Word | { readonly help: string }): Promise<number> => {
  if ('help' in asked) return say(process.stdout, asked.help).then(() => 0)
  const { runWord } = await import('./runWord.js')
  return conclude(await runWord(asked))
}

const conclude = async (outcome: Outcome): Promise<number> => {
  if ('error' in outcome) return fail(outcome.error)
  await say(process.stdout, outcome.text)
  return outcome.code
}

const main = async (): Promise<number> => {
  try {
    const word = parseWord(argv)
    return word ? await answerWord(word) : await answer(parseArguments(argv))
  } catch (thrown) {
    return fail(toPwoaError('pwoa-run', thrown))
  }
}

// Whoever read the output has gone (`pwoa-run … | head`): that is no error, and a run goes on to its end.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode = 1
  })
}

// What no stage and no observer caught, such as an exception in a timer of the user's own.
const unforeseen = (thrown: unknown): void => {
  void fail(toPwoaError('pwoa-run', thrown)).then((code) => process.exit(code))
}
process.on('uncaughtException', unforeseen).on('unhandledRejection', unforeseen)

// The threads of an engine would keep the process alive.
process.exit(await main())
