export declare const setUpEngine: (options?: {
  readonly retry?: 'when-due' | 'always'
  readonly binary?: 'verified' | 'unverified'
}) => Promise<{ readonly state: 'present' | 'installed' | 'unavailable'; readonly reason?: string }>
