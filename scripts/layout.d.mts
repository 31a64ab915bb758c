/** What `node scripts/layout.mjs --write` writes, by the files' paths in the checkout. */
export declare const layoutFiles: (root?: string) => Readonly<Record<string, string>>
