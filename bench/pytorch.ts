import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { PytorchSide } from './report.js'
import type { Model } from './work.js'

/** The Python that runs `pytorch_step.py`, or the reason why no Python here can. */
export type Pytorch =
  | { readonly python: string; readonly script: string; readonly torch: string }
  | { readonly absent: string }

/** What the script prints. */
interface Line {
  readonly median_s: number
  readonly peak_rss_mb: number
}

/** The output of a program that has ended with success. */
export const outputOf = (command: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(command, [...args], (error, stdout) => (error === null ? resolve(stdout) : reject(error)))
  })

export const python = process.env.PWOA_BENCH_PYTHON ?? 'python3'

/** Looks for PyTorch in `PWOA_BENCH_PYTHON`, else in `python3`. */
export const findPytorch = async (root: string): Promise<Pytorch> => {
  const script = process.env.PWOA_BENCH_PYTORCH_STEP ?? join(root, '..', 'shared', 'bench', 'pytorch_step.py')
  if (!existsSync(script)) return { absent: 'no pytorch_step.py' }
  try {
    return { python, script, torch: (await outputOf(python, ['-c', 'import torch; print(torch.__version__)'])).trim() }
  } catch {
    return { absent: 'no torch' }
  }
}

/** `pytorch_step.py`'s names of the networks. */
const models: Readonly<Record<Model, string>> = { mnistNet: 'mnist_net', resnet18: 'resnet18' }

/** The median of one process's steps, and its peak. */
export const timePytorch = async (
  { python, script }: Exclude<Pytorch, { absent: string }>,
  model: Model,
  step: string,
  options: Readonly<Record<'batch' | 'steps' | 'warmup' | 'threads', number>>,
): Promise<PytorchSide> => {
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const words = [script, '--model', models[model], '--step', step, ...flags]
  const { median_s: seconds, peak_rss_mb: mebibytes } = JSON.parse(await outputOf(python, words)) as Line
  return { seconds, mebibytes }
}
