/** What `setupEngine` installed. */
export interface EngineStamp {
  readonly tfjsNode: string
  /** `official`: tfjs-node's own install script; `wheel`: libtensorflow from the Python package `tensorflow-cpu`. */
  readonly source: 'official' | 'wheel'
  readonly libtensorflow: string
  /** SHA-256 of the wheel. */
  readonly sha256?: string
  /** Of the CUDA build: paths of its libraries in the engine's folder, and their lengths in bytes. */
  readonly libraries?: Readonly<Record<string, number>>
}

/** A build of libtensorflow: each is an engine of its own. */
export type EngineBuild = 'cpu' | 'cuda'

/** Whether the CUDA build is installed. */
export type CudaState =
  | { readonly state: 'absent' | 'begun' }
  | { readonly state: 'damaged'; readonly file: string }
  | { readonly state: 'whole'; readonly stamp: EngineStamp }

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
export declare const engineKey: (lock?: string | Uint8Array, build?: EngineBuild) => string
export declare const engineFolder: (cache?: string, build?: EngineBuild) => string
export declare const stampFile: (cache?: string, build?: EngineBuild) => string
export declare const unavailableFile: (cache?: string) => string
export declare const cudaDownloads: (cache?: string) => string
export declare const readStamp: (cache?: string, build?: EngineBuild) => EngineStamp | undefined
export declare const readUnavailable: (cache?: string) => EngineUnavailable | undefined
export declare const cudaParts: (cache?: string) => readonly string[]
export declare const cudaState: (cache?: string) => CudaState
