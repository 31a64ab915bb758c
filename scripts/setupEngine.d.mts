export declare const otherEngines: (cache?: string) => readonly string[]
export declare const removeOtherEngines: (cache?: string) => readonly string[]
export declare const setUpEngine: (options?: {
  readonly retry?: 'when-due' | 'always'
  readonly binary?: 'verified' | 'unverified'
}) => Promise<{ readonly state: 'present' | 'installed' | 'unavailable'; readonly reason?: string }>
/** The compiled addon of an engine for another Node in the cache, which any Node loads. */
export declare const addonOfOtherNode: (cache?: string) => string | undefined
