/** Where the gradients of TensorFlow.js are built, as one file. */
export declare const gradientsOf: (root: string) => string
/** Bundles the gradients of TensorFlow.js into that file. */
export declare const buildGradients: (root: string, outfile?: string) => Promise<void>
/** The same, unless the file is there. */
export declare const ensureGradients: (root: string) => Promise<void>
