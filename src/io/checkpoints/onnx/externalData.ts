import { open, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path'
import { quoted, refuse } from '../../files/refusal.js'
import { EXTERNAL, type OnnxModel, type OnnxTensor } from './graph/messages.js'

/**
 * A model with the tensors that it keeps in other files of its folder.
 *
 * @param file path of the model
 * @throws Refusal for files that are missing, too short or outside of the folder
 */
export const withExternalData = async (model: OnnxModel, file: string): Promise<OnnxModel> => {
  const { graph } = model
  if (!graph) return model
  const initializer: OnnxTensor[] = []
  for (const tensor of graph.initializer)
    initializer.push(tensor.dataLocation === EXTERNAL ? await read(tensor, file) : tensor)
  return { ...model, graph: { ...graph, initializer } }
}

const read = async (tensor: OnnxTensor, file: string): Promise<OnnxTensor> => {
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]))
  const what = `tensor ${quoted(tensor.name)}`
  const path = await pathWithin(dirname(file), entries.get('location') ?? '', what)
  const { size } = await stat(path)
  const number = (key: string, otherwise: number): number => {
    const text = entries.get(key)
    if (text === undefined) return otherwise
    return /^\d{1,15}$/.test(text) ? Number(text) : refuse(`a whole ${key} of ${what}`, quoted(text))
  }
  const offset = number('offset', 0)
  const length = number('length', size - offset)
  if (length < 0 || offset + length > size)
    refuse(`bytes ${offset} to ${offset + length} of ${quoted(relative(dirname(file), path))} for ${what}`, `${size}`)
  const rawData = new Uint8Array(length)
  const handle = await open(path)
  try {
    const { bytesRead } = await handle.read(rawData, 0, length, offset)
    if (bytesRead < length) refuse(`${length} bytes for ${what}`, `${bytesRead}`)
  } finally {
    await handle.close()
  }
  return { ...tensor, rawData }
}

/** The path of a file in the folder. Links are followed first: a model must not read files outside of its folder. */
const pathWithin = async (folder: string, location: string, what: string): Promise<string> => {
  const expected = `a file in the model's own folder for ${what}`
  const outside = (root: string, path: string): boolean => {
    const way = relative(root, path)
    return way === '' || way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)
  }
  if (location === '' || outside(folder, resolve(folder, location))) return refuse(expected, quoted(location))
  const path = await realpath(resolve(folder, location)).catch(() => refuse(expected, `no ${quoted(location)} there`))
  if (outside(await realpath(folder), path)) return refuse(expected, `${quoted(location)}, a link that leads elsewhere`)
  return path
}
