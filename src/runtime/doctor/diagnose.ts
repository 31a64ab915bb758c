import { gpuFacts } from '../../engine/load/onGpu.js'
import { cachePlace } from '../../io/datasets/cachePlace.js'
import { ownVersion } from '../host/ownPackage.js'
import { cacheFinding } from './cacheFinding.js'
import { dataFindings } from './dataFindings.js'
import { engineFindings } from './engineFindings.js'
import type { Diagnosis } from './finding.js'
import { gpuFinding } from './gpuFinding.js'
import { memoryFinding, nodeFinding, processorFinding } from './machineFindings.js'
import { queueFindings } from './queueFindings.js'
import { compilerFinding, decoderFinding } from './toolFindings.js'

/**
 * Checks what a run needs: Node, the engines, processor, GPU, memory, esbuild, the image decoder, the cache folder, data
 * and, if one is configured, the queue. Changes nothing, and connects to no host other than the queue's.
 *
 * @param dataDir the folder of data to look into; undefined: the cache folder
 */
export const diagnose = async (dataDir: string | undefined): Promise<Diagnosis> => {
  // An engine sets the variables that it finds unset: those that the user has set are read before.
  const processor = processorFinding(process.env)
  const gpu = gpuFinding(gpuFacts())
  const { engine, findings } = await engineFindings()
  return {
    pwoa: ownVersion(),
    engine,
    findings: [
      nodeFinding(process.version),
      ...findings,
      processor,
      gpu,
      memoryFinding(),
      await compilerFinding(),
      await decoderFinding(),
      cacheFinding(await cachePlace()),
      ...(await dataFindings(dataDir)),
      ...(await queueFindings(process.env)),
    ],
  }
}
