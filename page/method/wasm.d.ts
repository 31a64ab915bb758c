/** Bytes that the build puts into the page. */
declare module '*/pwoa.wasm' {
  const bytes: Uint8Array<ArrayBuffer>
  export default bytes
}

/** The engine's own module, as a data URL: the library fetches it. */
declare module '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm' {
  const url: string
  export default url
}
