/**
 * Installs the CUDA build beside the CPU build, which has to be there. Idempotent.
 *
 * @throws Error with one line that says what is missing
 */
export declare const setUpCuda: (options: {
  readonly cache: string
  readonly again: 'if-needed' | 'always'
  /** @default this machine */
  readonly host?: { readonly platform: string; readonly arch: string }
}) => Promise<'present' | 'installed'>

/** Deletes the CUDA build and what an interrupted set-up has left; returns the names that are gone. */
export declare const removeCuda: (cache: string) => readonly string[]
