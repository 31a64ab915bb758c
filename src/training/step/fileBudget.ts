import type { CFormName } from '../../io/checkpoints/c/footprint.js'

/** What the C file of a network may take on a device. */
export interface FileBudget {
  readonly budget: 'flash' | 'ram'
  /** Bytes. */
  readonly bytes: number
  /** @default 'int8' */
  readonly form?: CFormName | undefined
}

/** Added by a stage that prunes for a budget in bytes. */
export interface HasBudget {
  readonly budget: FileBudget
}
