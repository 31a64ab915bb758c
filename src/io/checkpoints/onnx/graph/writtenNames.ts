// What files that this package writes call things, so that it knows them again.
import type { LayerScaleLayer } from '../../../../models/layers/layer.js'
import type { PadMode } from '../../../../models/layers/windowLayers.js'

/** The name of the zeros that a mean counts, in files that this package writes. @param id that of the pooling layer */
export const paddedName = (id: string): string => `${id}/padded`

/** The name of the zeros that a selection reads beside its channels, in such files. @param id that of its layer */
export const besideZerosName = (id: string): string => `${id}/zeros`

/** The name of a layer's factor in such files. @param id that of the layer */
export const factorName = (id: string): string => `${id}/factor`

/** The name of the factors of a `layerScale` in such files: it says which shape they have in PyTorch. */
export const layerScaleName = ({ name, tensor }: Pick<LayerScaleLayer, 'name' | 'tensor'>): string =>
  `${name}/${tensor === 'image' ? 'imageScales' : 'scales'}`

/** What {@link layerScaleName} was made of; undefined for another name. */
export const layerScaleIn = (written: string): Pick<LayerScaleLayer, 'name' | 'tensor'> | undefined => {
  const [, name = '', form] = /^(.+)\/(scales|imageScales)$/.exec(written) ?? []
  if (form === undefined) return undefined
  return form === 'imageScales' ? { name, tensor: 'image' } : { name }
}

/** The name of the features of each pixel's place in such files. @param id that of the layer that combines them */
export const placesName = (id: string): string => `${id}/places`

/** ONNX's names for what a `Pad` adds beside numbers. The last one is known from opset 19 on. */
export const modeNames: Readonly<Record<PadMode, string>> = { reflect: 'reflect', replicate: 'edge', circular: 'wrap' }
