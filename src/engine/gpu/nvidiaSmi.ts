import { type SpawnSyncReturns, spawnSync } from 'node:child_process'

/** A GPU as NVIDIA's driver lists it. */
export interface Gpu {
  /** Its place on the bus, as `CUDA_VISIBLE_DEVICES` counts with `CUDA_DEVICE_ORDER=PCI_BUS_ID`. */
  readonly index: number
  /** `GPU-` and a UUID. */
  readonly uuid: string
  readonly name: string
  /** In bytes; undefined if the GPU has no memory of its own. */
  readonly memory: number | undefined
  /** In bytes, at the moment of the question. */
  readonly free: number | undefined
}

/** What NVIDIA's driver says of this machine. */
export type Driver =
  | {
      readonly version: string
      /** The newest CUDA version that it runs, e.g. `12.2`; undefined if it does not say. */
      readonly cuda: string | undefined
      readonly gpus: readonly Gpu[]
    }
  | { readonly trouble: string }

const fields = 'index,uuid,name,memory.total,memory.free,driver_version'
const MIB = 2 ** 20
const MOST_MS = 20_000

/** Runs `nvidia-smi`. */
export type Ask = (args: readonly string[]) => Pick<SpawnSyncReturns<string>, 'status' | 'stdout' | 'stderr' | 'error'>

const askDriver: Ask = (args) =>
  spawnSync('nvidia-smi', args, { encoding: 'utf8', timeout: MOST_MS, stdio: ['ignore', 'pipe', 'pipe'] })

/**
 * The driver, its CUDA version and the GPUs, by `nvidia-smi`, whether or not `CUDA_VISIBLE_DEVICES` hides some.
 *
 * Source: NVIDIA, "nvidia-smi" manual, `--query-gpu` and `--format=csv`.
 */
export const readDriver = (ask: Ask = askDriver): Driver => {
  const listed = ask([`--query-gpu=${fields}`, '--format=csv,noheader,nounits'])
  if (listed.error !== undefined) return { trouble: whyNotRun(listed.error) }
  const gpus = listed.stdout.split('\n').flatMap(gpuOf)
  const [first] = gpus
  // With no GPU, or with a driver that does not answer, it writes a sentence and no table.
  if (listed.status !== 0 || first === undefined) return { trouble: said(`${listed.stdout}\n${listed.stderr}`) }
  return { version: first.driver, cuda: cudaVersionIn(ask([]).stdout), gpus: gpus.map(({ gpu }) => gpu) }
}

const whyNotRun = (error: Error): string =>
  'code' in error && error.code === 'ENOENT'
    ? "no NVIDIA driver: its command nvidia-smi isn't here"
    : `the NVIDIA driver does not answer: ${error.message}`

const said = (text: string): string => {
  const [line = 'it said nothing'] = text
    .split('\n')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  return `no GPU that the NVIDIA driver can use: nvidia-smi says "${line}"`
}

/** A line of the table. A name may have commas only between the known fields. */
const gpuOf = (line: string): readonly { readonly gpu: Gpu; readonly driver: string }[] => {
  const [, index, uuid = '', name = '', memory, free, driver = ''] =
    /^\s*(\d+), *(\S+), *(.+), *([^,]+), *([^,]+), *(\d[\d.]*)\s*$/.exec(line) ?? []
  if (index === undefined) return []
  return [{ gpu: { index: Number(index), uuid, name, memory: bytesOf(memory), free: bytesOf(free) }, driver }]
}

/** MiB as bytes; undefined for `[N/A]`, which a GPU has that shares the machine's memory. */
const bytesOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text.trim()) ? Number(text) * MIB : undefined

/** In the heading of plain `nvidia-smi`; newer drivers name it `CUDA UMD Version`. */
const cudaVersionIn = (text: string): string | undefined => /CUDA (?:UMD )?Version *: *(\d+\.\d+)/.exec(text)?.[1]
