/** Bundles `page/` of the checkout into a folder. */
export declare const buildPage: (root: string, folder: string) => Promise<void>
