/** What `setupEngine` installed. */
export interface EngineStamp {
  readonly tfjsNode: string
  /** `official`: tfjs-node's own install script; `wheel`: libtensorflow from the Python package `tensorflow-cpu`. */
  readonly source: 'official' | 'wheel'
  readonly libtensorflow: string
  /** SHA-256 of the wheel. */
  readonly sha256?: string
}

/** Why the last `setupEngine` ended without a native engine. */
export interface EngineUnavailable {
  readonly reason: string
  readonly setupVersion: number
  readonly at: string
}

export declare const TFJS_NODE_VERSION: string
export declare const cacheFolder: (
  env?: Readonly<Record<string, string | undefined>>,
  platform?: string,
  home?: string,
) => string
export declare const engineSources: () => string
export declare const engineKey: (lock?: string | Uint8Array) => string
export declare const engineFolder: (cache?: string) => string
export declare const stampFile: (cache?: string) => string
export declare const unavailableFile: (cache?: string) => string
export declare const readStamp: (cache?: string) => EngineStamp | undefined
export declare const readUnavailable: (cache?: string) => EngineUnavailable | undefined
