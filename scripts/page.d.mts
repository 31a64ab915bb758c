/** Bundles `page/` of the checkout into a folder. */
export declare const buildPage: (root: string, folder: string) => Promise<void>

/** Writes the page about the method, one file. */
export declare const buildMethodPage: (root: string, file: string) => Promise<void>
