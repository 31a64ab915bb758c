export declare const root: string
/** `npm ci`, unless the packages are those of the lock file. */
export declare const installPackages: (folder?: string) => Promise<'present' | 'installed'>
/** `asc` into assembly/pwoa.wasm and `tsc` into dist/, unless both were built from these very sources. */
export declare const build: (folder?: string) => Promise<'present' | 'built'>
export declare const setUp: () => Promise<void>
