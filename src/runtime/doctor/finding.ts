/** `ok`; `note`: it works, but could be better; `problem`: something will fail. */
export type FindingState = 'ok' | 'note' | 'problem'

/** The result of one check. */
export interface Finding {
  /** What was checked: `node`, `cache folder`, `data: mnist`. */
  readonly about: string
  readonly state: FindingState
  /** What was found. */
  readonly says: string
  /** What to do about it, as a sentence. */
  readonly advice?: string
  /** The same as data, for programs. */
  readonly facts: Readonly<Record<string, unknown>>
}

/** The results of all checks. */
export interface Diagnosis {
  readonly pwoa: string
  /** The engine that a run would use; null if no engine runs. */
  readonly engine: 'gpu' | 'tensorflow' | 'wasm' | null
  readonly findings: readonly Finding[]
}
