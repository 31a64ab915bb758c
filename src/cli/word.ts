/** What is asked for by a word instead of a pipeline file, checked. */
export type Word =
  | { readonly word: 'report'; readonly folder: string }
  | { readonly word: 'ui'; readonly folder: string; readonly at: Address }

/** Where a page is served. */
export interface Address {
  readonly host: string
  /** 0 for one that is free. */
  readonly port: number
}
