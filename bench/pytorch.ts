import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** What `pytorch_step.py` is run by, or why it can't be. */
export type Pytorch =
  | { readonly python: string; readonly script: string; readonly torch: string }
  | { readonly absent: string }

/** What a program prints, once it has ended well. */
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

/** The median of one process's steps, in seconds. */
export const timePytorch = async (
  { python, script }: Exclude<Pytorch, { absent: string }>,
  step: string,
  options: Readonly<Record<'batch' | 'steps' | 'warmup' | 'threads', number>>,
): Promise<number> => {
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const line: unknown = JSON.parse(await outputOf(python, [script, '--model', 'mnist_net', '--step', step, ...flags]))
  if (typeof line !== 'object' || line === null || !('median_s' in line) || typeof line.median_s !== 'number')
    throw new Error('pytorch_step.py printed no median_s')
  return line.median_s
}
