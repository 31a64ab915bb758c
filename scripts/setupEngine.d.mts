export declare const setUpEngine: (options?: {
  readonly retry?: 'when-due' | 'always'
}) => Promise<{ readonly state: 'present' | 'installed' | 'unavailable'; readonly reason?: string }>
