import { rejectOption } from '../../dsl/errors.js'
import { nearOf } from '../../dsl/kit/nearest.js'
import type { Observer } from '../../dsl/pipeline/pipeline.js'
import { toMlflow } from './toMlflow.js'
import { toTensorboard } from './toTensorboard.js'
import { toWandb } from './toWandb.js'

/** Loggers by name; the text after `=` says where to. */
const loggers: ReadonlyMap<string, (to: string | undefined) => Observer> = new Map([
  ['tensorboard', (folder) => toTensorboard({ folder })],
  ['mlflow', (url) => toMlflow({ url })],
  ['wandb', (project) => toWandb({ project })],
])

/**
 * The observer that a text names: `tensorboard`, `tensorboard=FOLDER`, `mlflow`, `mlflow=URL`, `wandb` or `wandb=PROJECT`.
 *
 * @throws OptionError for another text
 */
export const namedLogger = (named: string): Observer => {
  const [, name = '', to] = /^([^=]*)(?:=(.*))?$/s.exec(named) ?? []
  const make = loggers.get(name)
  if (make) return make(to === '' ? undefined : to)
  const near = nearOf(name, [...loggers.keys()])
  return rejectOption(
    'log',
    `${[...loggers.keys()].join(', ')}, alone or with = and where to`,
    `"${name}"${near ? `; did you mean ${near}?` : ''}`,
  )
}
