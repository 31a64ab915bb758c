import { errorOf } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { loadDecoder } from '../../io/datasets/images/imageDecoder.js'
import type { Finding } from './finding.js'

/** Whether pipeline files can be compiled: esbuild has a binary for each platform. */
export const compilerFinding = async (): Promise<Finding> => {
  try {
    const { transform, version } = await import('esbuild')
    await transform('export const one: number = 1', { loader: 'ts' })
    return {
      about: 'pipeline files',
      state: 'ok',
      says: `esbuild ${version} compiles them`,
      facts: { esbuild: version },
    }
  } catch (thrown) {
    const reason = (thrown instanceof Error ? thrown.message : String(thrown)).trim().split('\n')[0] ?? ''
    return {
      about: 'pipeline files',
      state: 'problem',
      says: `esbuild does not run: ${reason}`,
      advice: 'Install it for this platform: npm install --include=optional esbuild',
      facts: { reason },
    }
  }
}

/** Whether images in class folders can be decoded; only `imageFolder` needs that. */
export const decoderFinding = async (): Promise<Finding> => {
  try {
    const { version } = await loadDecoder('doctor')
    return { about: 'image files', state: 'ok', says: `${version} decodes them`, facts: { decoder: version } }
  } catch (thrown) {
    const { actual, hint } = errorOf('doctor', thrown)
    return {
      about: 'image files',
      state: 'note',
      says: `JPEG and PNG can't be read: sharp is not there (${actual}); only images need it`,
      ...given({ advice: hint }),
      facts: { reason: actual },
    }
  }
}
