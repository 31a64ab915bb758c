import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import type { Environment } from '../../dsl/figures.js'
import { ownVersion } from './ownPackage.js'

/** The properties of this machine that a run's figures depend on. It includes no name of the machine or its user. */
export const environment = (): Environment => ({
  pwoa: ownVersion(),
  node: process.version,
  system: `${type()} ${release()}, ${process.arch}`,
  processor: cpus()[0]?.model.trim() || 'unknown',
  cores: availableParallelism(),
  memory: totalmem(),
})
