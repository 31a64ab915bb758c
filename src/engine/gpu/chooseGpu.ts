import type { CudaState } from '../../../scripts/engineCache.mjs'
import type { Driver, Gpu } from './nvidiaSmi.js'

/** The least driver that runs CUDA 12. Source: NVIDIA, "CUDA Toolkit Release Notes", minor version compatibility. */
export const LEAST_DRIVER = '525.60.13'

/** Bytes that have to be free: CUDA's context and cuDNN's workspace take most of it before the first image. */
export const LEAST_FREE = 2 ** 30

/** The GPU that a process computes on, and what it has to set in `CUDA_VISIBLE_DEVICES` to see no other. */
export interface ChosenGpu {
  readonly gpu: Gpu
  readonly visible: string
}

/** What decides whether a process of this machine can compute on a GPU. */
export interface GpuFacts {
  readonly platform: string
  readonly arch: string
  readonly cuda: CudaState
  /** `CUDA_VISIBLE_DEVICES`; undefined if it is not set. */
  readonly visible: string | undefined
  /** Asked only if the library is there. */
  readonly driver: () => Driver
}

/** A GPU, or one sentence that says what is missing. */
export type GpuChoice = ChosenGpu | { readonly reason: string }

/** The first GPU that the process may see with enough free memory. */
export const chooseGpu = (facts: GpuFacts): GpuChoice => {
  const reason = whyNoLibrary(facts)
  if (reason !== undefined) return { reason }
  const driver = facts.driver()
  if ('trouble' in driver) return { reason: driver.trouble }
  if (isOlder(driver.version, LEAST_DRIVER))
    return { reason: `the NVIDIA driver ${driver.version} is too old: CUDA 12 needs ${LEAST_DRIVER} or newer` }
  const seen = visibleOf(driver.gpus, facts.visible)
  const [first] = seen
  if (first === undefined) return { reason: `CUDA_VISIBLE_DEVICES="${facts.visible}" hides all GPUs of this machine` }
  const fit = seen.find(({ gpu: { free } }) => free === undefined || free >= LEAST_FREE)
  return fit ?? { reason: tooLittle(first.gpu) }
}

const whyNoLibrary = ({ platform, arch, cuda }: GpuFacts): string | undefined => {
  if (platform !== 'linux' || arch !== 'x64') return `CUDA runs on Linux on x64 only, not on ${platform} ${arch}`
  if (cuda.state === 'whole') return undefined
  if (cuda.state === 'damaged')
    return `${cuda.file} is missing or cut short; npx pwoa-setup --gpu installs the CUDA build anew`
  return cuda.state === 'begun'
    ? 'the CUDA build of libtensorflow is half installed; npx pwoa-setup --gpu goes on with it'
    : 'the CUDA build of libtensorflow is not installed; npx pwoa-setup --gpu brings it'
}

/** Whether a version, numbers between dots, comes before another. */
const isOlder = (version: string, other: string): boolean => {
  const [own, least] = [version, other].map((text) => text.split('.').map(Number))
  const differing = least?.findIndex((part, at) => part !== (own?.[at] ?? 0)) ?? -1
  return differing >= 0 && (own?.[differing] ?? 0) < (least?.[differing] ?? 0)
}

/**
 * The GPUs that `CUDA_VISIBLE_DEVICES` leaves, in its order: numbers or UUIDs, which may be cut short. As in CUDA, the
 * first that is unknown hides those after it.
 */
const visibleOf = (gpus: readonly Gpu[], visible: string | undefined): readonly ChosenGpu[] => {
  if (visible === undefined) return gpus.map((gpu) => ({ gpu, visible: String(gpu.index) }))
  const seen: ChosenGpu[] = []
  for (const part of visible.split(',').map((text) => text.trim())) {
    const gpu = gpus.find(({ index, uuid }) => (part.startsWith('GPU-') ? uuid.startsWith(part) : part === `${index}`))
    if (gpu === undefined) return seen
    seen.push({ gpu, visible: part })
  }
  return seen
}

const tooLittle = ({ name, memory, free }: Gpu): string =>
  `${name} has ${inGib(free)} of ${inGib(memory)} free, and at least ${inGib(LEAST_FREE)} is needed: end what else uses it`

const inGib = (bytes: number | undefined): string => `${((bytes ?? 0) / 2 ** 30).toFixed(1)} GiB`
