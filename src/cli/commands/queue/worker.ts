import { addressFor, countOf, durationOf, gpusOf, intervalOf, logFormOf } from '../../arguments/optionReaders.js'
import { option, optionalValue, requiredOption, textOption, withDefault } from '../../arguments/part.js'
import { subcommand } from '../../arguments/subcommand.js'

/** `pwoa-run worker` */
export const worker = subcommand(
  {
    name: 'worker',
    summary: 'runs points of sweeps from a queue',
    description: 'Runs points of sweeps that pwoa-run FILE --queue has put into a queue.',
    usage: '--pipelines <dir> --runs <place> [options]',
  },
  {
    queue: optionalValue(
      '--queue [url]',
      'redis://host:6379 or rediss://…; put a URL with a password into PWOA_QUEUE instead',
    ),
    pipelines: requiredOption('--pipelines <dir>', 'the folder of pipeline files'),
    allow: withDefault(
      [],
      option(
        '--allow <file>',
        'also runs this file of the folder; without it, only files directly in the folder that export a pipeline; can be repeated',
        (text, earlier: readonly string[] = []) => [...earlier, text],
      ),
    ),
    runs: requiredOption(
      '--runs <place>',
      'the place of the sweeps of all machines: a shared folder or s3://bucket/prefix',
    ),
    workers: option('--workers <n>', 'points at a time (default: 1, or one per GPU of --gpus)', countOf('--workers')),
    gpus: option('--gpus <list>', 'the GPUs that the points compute on, such as 0,1; each point sees one', gpusOf),
    lease: withDefault(
      30,
      option(
        '--lease <s>',
        'seconds without a sign of life after which other workers take over (default: 30)',
        countOf('--lease'),
      ),
    ),
    grace: option(
      '--grace <time>',
      'how long points may take to save their state when the worker stops (default: 100s)',
      durationOf('--grace'),
    ),
    metricsAt: option(
      '--metrics-at <host:port>',
      'serves /metrics for Prometheus, /healthz and /readyz at this address (default: none)',
      addressFor('--metrics-at'),
    ),
    log: withDefault('text', option('--log <form>', 'text, or json: one object a line (default: text)', logFormOf)),
    dataDir: textOption('--data-dir <dir>', 'the folder of the data set'),
    checkpoints: option(
      '--checkpoint-every <n>',
      'training steps (500) or seconds (30s) between checkpoints',
      intervalOf,
    ),
  },
  async (asked) => (await import('./runWorker.js')).runWorker(asked),
)
