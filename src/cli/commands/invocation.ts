import { given } from '../../dsl/kit/given.js'
import type { CheckpointOptions, RunOptions } from '../../dsl/pipeline/run.js'
import {
  type Address,
  addressOf,
  assignment,
  countOf,
  durationOf,
  engineOf,
  folderOf,
  gpusOf,
  intervalOf,
  loopback,
  priorityOf,
  resumeOnOf,
  seedOf,
} from '../arguments/optionReaders.js'
import {
  all,
  flag,
  mapped,
  option,
  optionalValue,
  type Part,
  textOption,
  type Values,
  withDefault,
} from '../arguments/part.js'

/** When checkpoints are written, and how many are kept; undefined if neither was asked for. */
const checkpoints: Part<CheckpointOptions | undefined> = mapped(
  all({
    every: option('--checkpoint-every <n>', 'training steps (500) or seconds (30s) between checkpoints', intervalOf),
    keep: option('--keep-checkpoints <n>', 'number of checkpoints kept (default: 2)', countOf('--keep-checkpoints')),
  }),
  ({ every, keep }) => (every === undefined && keep === undefined ? undefined : { ...every, ...given({ keep }) }),
)

const runOptions: Part<RunOptions> = mapped(
  all({
    dataDir: textOption('--data-dir <dir>', 'the folder of the data set'),
    out: option(
      '--out <dir>',
      'the run folder, new or empty (default: runs/<name>-<time>); for a sweep, the folder of an earlier one resumes it',
      folderOf('--out'),
    ),
    engine: option('--engine <name>', 'auto, gpu, tensorflow or wasm (default: auto, the best that loads)', engineOf),
    seed: option('--seed <n>', 'the seed of all random numbers (default: 0)', seedOf),
    resume: option('--resume <dir>', 'resumes an interrupted run from its folder', folderOf('--resume')),
    resumeOn: option(
      '--resume-on <device>',
      'same or any: whether a run that began on a GPU goes on elsewhere, or the other way round (default: same)',
      resumeOnOf,
    ),
    checkpoints,
    log: option(
      '--log <to>',
      'sends figures live to tensorboard, mlflow or wandb, or with = to a folder, URL or project; can be repeated',
      (text, earlier: readonly string[] = []) => [...earlier, text],
    ),
    trial: mapped(
      flag('--quick', 'tries the pipeline from start to end in little time; no figure is a result'),
      (quick): RunOptions['trial'] => (quick ? 'quick' : undefined),
    ),
    profile: mapped(
      flag('--profile', 'reports where the time of a training step goes, and writes trace.json'),
      (profiled): RunOptions['profile'] => (profiled ? 'steps' : undefined),
    ),
  }),
  given,
)

/** The address of the page that shows the run; undefined if there is no page. */
export const page: Part<Address | undefined> = mapped(
  all({
    shown: flag('--ui', 'serves a page that shows the run live'),
    at: option('--ui-at <host:port>', 'serves it at this address (default: 127.0.0.1 and any free port)', addressOf),
  }),
  ({ shown, at }) => at ?? (shown ? loopback : undefined),
)

/** What `pwoa-run FILE` accepts beside the file. */
export const invocationParts = {
  /** The texts of `--set`. */
  values: withDefault({}, option('--set <key=value>', 'sets a parameter of the file; can be repeated', assignment)),
  options: runOptions,
  /** How many points of a sweep run at a time. */
  workers: option(
    '--workers <n>',
    'points of a sweep at a time (default: 1, or one per GPU of --gpus)',
    countOf('--workers'),
  ),
  gpus: option('--gpus <list>', 'the GPUs of the points of a sweep, such as 0,1; each point sees one', gpusOf),
  attempts: option('--attempts <n>', 'how many times a crashed point is tried (default: 3)', countOf('--attempts')),
  /** Seconds that one attempt at a point may take. */
  pointTimeout: option(
    '--point-timeout <time>',
    'ends an attempt at a point after this time, such as 2h (default: none)',
    durationOf('--point-timeout'),
  ),
  /** Seconds without progress after which an attempt is ended. */
  progressTimeout: option(
    '--progress-timeout <time>',
    'ends an attempt at a point that makes no progress for this time (default: 1h)',
    durationOf('--progress-timeout'),
  ),
  /** The URL of the queue of a sweep's points; `true`: that of the environment. */
  queue: optionalValue(
    '--queue [url]',
    'workers elsewhere run the points of a sweep (redis://host:6379, or PWOA_QUEUE)',
  ),
  /** The local folder that the workers' folder of pipelines is a copy of. */
  pipelines: textOption(
    '--pipelines <dir>',
    "with --queue: the local copy of the workers' folder of pipelines (default: the file's folder)",
  ),
  /** Where the workers keep the runs. */
  runs: textOption(
    '--runs <place>',
    "with --queue: the place of the runs, as the workers name it (default: the folder of --out's folder)",
  ),
  priority: option(
    '--priority <n>',
    'with --queue: 1 to 9; workers take points of a higher one first (default: 5)',
    priorityOf,
  ),
  plan: flag('--plan', 'prints the stages and what they would do, without running them'),
  measure: flag('--measure', 'with --plan: runs a few steps and batches, and prints hours and memory of the whole run'),
  page,
  output: mapped(flag('--json', 'prints one line of JSON instead of a table'), (json): 'json' | 'table' =>
    json ? 'json' : 'table',
  ),
  volume: mapped(flag('--quiet', 'shows no progress'), (quiet): 'quiet' | 'normal' => (quiet ? 'quiet' : 'normal')),
}

/** What `pwoa-run FILE` asks for, checked. */
export interface Invocation extends Values<typeof invocationParts> {
  /** The path of the pipeline file. */
  readonly file: string
  /** How the command line names it: this path, or the name of a pipeline that comes with this package. */
  readonly named: string
}
