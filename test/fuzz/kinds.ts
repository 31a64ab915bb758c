import type { FuzzKind } from './kind.js'
import { npy, npz } from './kinds/arrays.js'
import { onnx, safetensors, sparse, torch, torchExport, torchScript } from './kinds/checkpoints.js'
import { cifar, idx, image, pack } from './kinds/datasets.js'
import { network } from './kinds/networks.js'
import { checkpoint, events, metrics, plan, queue, summary } from './kinds/records.js'

/** Every kind of file that is read from outside. */
export const kinds: Readonly<Record<string, FuzzKind>> = {
  torch,
  torchScript,
  torchExport,
  safetensors,
  sparse,
  onnx,
  network,
  idx,
  pack,
  cifar,
  image,
  npy,
  npz,
  plan,
  summary,
  events,
  metrics,
  checkpoint,
  queue,
}
