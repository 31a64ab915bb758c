/** The bytes of the module, which the build inlines into the page. */
declare module '*/pwoa.wasm' {
  const bytes: Uint8Array<ArrayBuffer>
  export default bytes
}

/** The engine's own module, as a data URL for the library to load. */
declare module '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm' {
  const url: string
  export default url
}
