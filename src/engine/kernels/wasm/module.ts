import type { Activation } from '../../ops/relu.js'
import type { WasmBackend } from './wasmBackend.js'

/** An address in the wasm heap, in bytes. */
type Address = number

/**
 * The kernels of `assembly/`, compiled to WebAssembly. They work on tensors in place, in the engine's heap. Each
 * kernel's file there documents what it computes.
 */
export interface WasmModule {
  matMul(
    a: Address,
    aRow: number,
    aColumn: number,
    b: Address,
    bRow: number,
    bColumn: number,
    c: Address,
    m: number,
    k: number,
    n: number,
    bias: Address,
    least: number,
  ): void
  /** Describes a convolution for the kernels; the caller gives the description to `release`. */
  convolution(...geometry: ConvolutionGeometry): Address
  convolve(x: Address, filter: Address, bias: Address, y: Address, convolution: Address, least: number): void
  inputGradient(dy: Address, filter: Address, dx: Address, convolution: Address): void
  filterGradient(x: Address, dy: Address, dw: Address, convolution: Address): void
  depthwiseInputGradient(dy: Address, filter: Address, dx: Address, convolution: Address): void
  depthwiseFilterGradient(x: Address, dy: Address, dw: Address, convolution: Address): void
  gaussianKernel(z: Address, n: number, d: number, exponent: number, rows: Address, kernel: Address): void
  regularise(kernel: Address, n: number, ridge: number, out: Address): void
  bottleneckMatrix(
    inverseX: Address,
    inverseY: Address,
    n: number,
    ridge: number,
    lambdaX: number,
    lambdaY: number,
    out: Address,
  ): void
  bottleneckGradient(
    rows: Address,
    kernel: Address,
    inverse: Address,
    matrix: Address,
    n: number,
    d: number,
    scale: number,
    out: Address,
  ): void
  choleskyInverse(a: Address, out: Address, n: number): void
  reluGradient(dy: Address, y: Address, dx: Address, count: number): void
  sumRows(x: Address, rows: number, columns: number, scale: number, out: Address): void
  adam(
    w: Address,
    m: Address,
    v: Address,
    g: Address,
    newW: Address,
    newM: Address,
    newV: Address,
    count: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    rate: number,
    root: number,
  ): void
  momentum(
    w: Address,
    b: Address,
    g: Address,
    newW: Address,
    newB: Address,
    count: number,
    kept: number,
    decay: number,
    rate: number,
  ): void
  release(block: Address): void
}

/** Sizes of a convolution; `top` and `left` are the zeros above and left of the images. */
export type ConvolutionGeometry = readonly [
  batch: number,
  height: number,
  width: number,
  inChannels: number,
  kernelHeight: number,
  kernelWidth: number,
  outHeight: number,
  outWidth: number,
  outChannels: number,
  strideHeight: number,
  strideWidth: number,
  top: number,
  left: number,
]

/** The least value of a result with this activation, as the module's kernels take it: `least`. */
export const leastOf = (activation: Activation): number => (activation === 'relu' ? 0 : -Infinity)

// Node's types lack it.
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ): Promise<{ readonly instance: { readonly exports: unknown } }>
}

/**
 * Instantiates the kernels on the engine's heap.
 *
 * @param bytes of assembly/pwoa.wasm
 */
export const loadModule = async ({ wasm }: WasmBackend, bytes: Uint8Array): Promise<WasmModule> => {
  const { memory, malloc, free } = wasm.asm
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory }, heap: { malloc, free } })
  return instance.exports as WasmModule
}
