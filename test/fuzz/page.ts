import type { FuzzFigures } from './fuzz.js'

/** What a file cost that was made to cost much, in a process of its own. */
export interface HostileCost {
  readonly what: string
  /** `read`, `refused`, or what went wrong. */
  readonly end: string
  /** Of processor time, of all threads. */
  readonly seconds: number
  /** By which the process grew beyond the largest size that it had before. */
  readonly bytes: number
  /** Size of the file in bytes. */
  readonly file: number
}

/** What was fuzzed, of one kind. */
export interface FuzzRow {
  readonly name: string
  readonly figures: FuzzFigures
  readonly costs: readonly HostileCost[]
}

const percent = (share: number): string => `${(100 * share).toPrecision(2)} %`
const amount = (bytes: number): string => {
  if (bytes < 1000) return `${bytes} B`
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`
}

/** The page of results. */
export const pageOf = (
  rows: readonly FuzzRow[],
  { seed, minutes, machine }: { readonly seed: number; readonly minutes: number; readonly machine: string },
): string => `# Fuzzing

Changed files of each kind, read one after the other for ${minutes} minutes, seed ${seed} (${machine}). Written by
\`npm run fuzz -- --minutes ${minutes} --seed ${seed} --write\`. A fault is anything but a value or a refusal: an exception
that no reader foresaw, or more than the budget. The last column is the largest share of the budget of memory that one
file took; readers without a budget count nothing, because what they allocate is bounded by the size of the file or by a
constant.

| Kind | Files | Read | Refused | Faults | Memory |
|---|---|---|---|---|---|
${rows
  .map(
    ({ name, figures: { inputs, read, refused, findings, memory } }) =>
      `| ${name} | ${inputs} | ${read} | ${refused} | ${findings.length} | ${memory === 0 ? '–' : percent(memory)} |`,
  )
  .join('\n')}

Files that were made to cost much, each read in a process of its own (alone: \`npm run fuzz -- --minutes 0\`): processor
time of all threads, and memory by which the process grew at most while it read.

| Kind | File | Size | | Time | Memory |
|---|---|---|---|---|---|
${rows
  .flatMap(({ name, costs }) =>
    costs.map(
      ({ what, end, seconds, bytes, file }) =>
        `| ${name} | ${what} | ${amount(file)} | ${end} | ${seconds.toFixed(2)} s | ${amount(bytes)} |`,
    ),
  )
  .join('\n')}
`
