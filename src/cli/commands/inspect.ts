import { argument, flag } from '../arguments/part.js'
import { subcommand } from '../arguments/subcommand.js'
import { drawInspection } from '../draw/drawInspection.js'
import { colorsFor, lineWidth } from '../draw/terminal.js'

/** `pwoa-run inspect FILE` */
export const inspect = subcommand(
  {
    name: 'inspect',
    summary: "shows what is in a network's file",
    description:
      'Shows what a file of a network holds (PyTorch, safetensors or ONNX): its tensors, which named network they fit and with which options, or the layers that it describes. Nothing in it is executed.',
  },
  {
    file: argument('<FILE>', "a network's file"),
    json: flag('--json', 'prints one line of JSON'),
  },
  async ({ file, json }) => {
    const { inspectFile } = await import('../../runtime/inspect/inspectFile.js')
    const found = await inspectFile(file)
    const text = json
      ? `${JSON.stringify(found)}\n`
      : drawInspection(found, lineWidth(process.stdout), colorsFor(process.stdout))
    return { text, code: 0 }
  },
)
