import type { PadMode } from '../../../../models/architecture/layer.js'

/** ONNX's names for what a `Pad` adds beside numbers. The last one is known from opset 19 on. */
export const modeNames: Readonly<Record<PadMode, string>> = { reflect: 'reflect', replicate: 'edge', circular: 'wrap' }
