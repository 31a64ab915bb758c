#!/usr/bin/env node
import { type PwoaError, toPwoaError } from '../dsl/errors.js'
import { exitCodes, type Outcome } from './arguments/outcome.js'
import type { Request } from './arguments/subcommand.js'
import { drawError, drawTrace } from './draw/drawError.js'
import { parseArguments } from './parseArguments.js'
import { awaitInterrupt } from './show/onInterrupt.js'
import { listenForUncaught } from './show/onUncaught.js'
import { print } from './show/print.js'

awaitInterrupt()

const argv = process.argv.slice(2)

const fail = async (error: PwoaError): Promise<number> => {
  await print(process.stderr, drawError(error))
  if (argv.includes('--trace')) await print(process.stderr, drawTrace(error.cause))
  return exitCodes[error._tag]
}

const outcomeOf = async ({ stage, act }: Request): Promise<Outcome> => {
  try {
    return await act()
  } catch (thrown) {
    return { error: toPwoaError(stage, thrown) }
  }
}

const main = async (): Promise<number> => {
  try {
    const outcome = await outcomeOf(parseArguments(argv))
    if (outcome.text !== undefined) await print(process.stdout, outcome.text)
    return 'error' in outcome ? await fail(outcome.error) : outcome.code
  } catch (thrown) {
    return fail(toPwoaError('pwoa-run', thrown))
  }
}

// If the reader of the output is gone (`pwoa-run … | head`), that is not an error: the run continues to its end.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode = 1
  })
}

// For what comes before a run or after it, such as an exception in a timer of the user's own.
const failUncaught = (thrown: unknown): void => {
  void fail(toPwoaError('pwoa-run', thrown)).then((code) => process.exit(code))
}
listenForUncaught(failUncaught)

// The threads of an engine would keep the process alive.
process.exit(await main())
