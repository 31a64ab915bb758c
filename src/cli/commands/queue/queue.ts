import { durationOf } from '../../arguments/optionReaders.js'
import { argument, flag, mapped, option, optionalArgument, optionalValue } from '../../arguments/part.js'
import { subcommand } from '../../arguments/subcommand.js'
import { actionOf, queueActions } from './queueActions.js'

/** `pwoa-run queue ACTION` */
export const queue = subcommand(
  {
    name: 'queue',
    summary: 'shows and changes what is in a queue',
    description:
      'Shows the sweeps in a queue, their points and the workers (list, show, logs), and changes them: cancel removes a sweep and stops its points, retry offers failed points again, drain ends taking points and resume takes them again, purge removes sweeps that nothing follows.',
  },
  {
    action: mapped(argument('<ACTION>', `one of ${queueActions.join(', ')}`), actionOf),
    sweep: optionalArgument('[SWEEP]', 'the id of a sweep that list shows, or its beginning'),
    point: optionalArgument('[POINT]', 'the key of a point that show shows, or its beginning'),
    queue: optionalValue('--queue [url]', 'redis://host:6379 or rediss://… (default: PWOA_QUEUE)'),
    olderThan: option(
      '--older-than <time>',
      'with purge: sweeps that nothing has followed for this time (default: 7d)',
      durationOf('--older-than'),
    ),
    json: flag('--json', 'prints one line of JSON'),
  },
  async (asked) => (await import('./runQueue.js')).runQueue(asked),
)
