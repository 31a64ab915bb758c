/** `ok`; `note`: it works, and could be better; `problem`: something will fail. */
export type FindingState = 'ok' | 'note' | 'problem'

/** One thing that was looked at. */
export interface Finding {
  readonly about: string
  readonly state: FindingState
  /** What was found. */
  readonly says: string
  /** What to do about it, as a sentence. */
  readonly advice?: string
  /** The same as data, for programs. */
  readonly facts: Readonly<Record<string, unknown>>
}

/** All that was looked at. */
export interface Diagnosis {
  readonly pwoa: string
  /** The engine that a run would have; null where none runs. */
  readonly engine: 'tensorflow' | 'wasm' | null
  readonly findings: readonly Finding[]
}
