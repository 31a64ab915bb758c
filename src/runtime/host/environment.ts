import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import type { Environment } from '../../dsl/figures.js'
import { ownVersion } from './ownPackage.js'

/** This machine, as far as it matters to a run's figures; nothing that names it or its user. */
export const environment = (): Environment => ({
  pwoa: ownVersion(),
  node: process.version,
  system: `${type()} ${release()}, ${process.arch}`,
  processor: cpus()[0]?.model.trim() || 'unknown',
  cores: availableParallelism(),
  memory: totalmem(),
})
