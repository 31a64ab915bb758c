/** A GPU that a process computes on until it is given back. */
export interface LentGpu {
  /** Variables of the process's environment: it sees this GPU and no other. */
  readonly environment: Readonly<Record<string, string>>
  readonly release: () => void
}

/** Lends the GPUs of a machine to the processes of points. */
export interface GpuPool {
  readonly lend: () => LentGpu
}

/**
 * Lends the GPU with the fewest processes; among equals, the first. With more processes than GPUs some share one.
 *
 * @param gpus at least one, each as `CUDA_VISIBLE_DEVICES` names it: a number as `nvidia-smi` counts, or a UUID
 */
export const gpuPool = (gpus: readonly string[]): GpuPool => {
  const busy = gpus.map((gpu) => ({ gpu, processes: 0 }))
  return {
    lend: () => {
      const least = Math.min(...busy.map(({ processes }) => processes))
      const one = busy.find(({ processes }) => processes === least)
      if (one === undefined) throw new Error('a pool of GPUs has at least one')
      one.processes++
      let isLent = true
      return {
        environment: { CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: one.gpu },
        release: () => {
          if (isLent) one.processes--
          isLent = false
        },
      }
    },
  }
}
