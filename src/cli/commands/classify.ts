import { given } from '../../dsl/kit/given.js'
import { countOf, engineOf } from '../arguments/optionReaders.js'
import { argument, flag, option, restOfArguments, textOption, withDefault } from '../arguments/part.js'
import { subcommand } from '../arguments/subcommand.js'
import { drawGuesses } from '../draw/drawGuesses.js'
import { colorsFor, lineWidth } from '../draw/terminal.js'
import { printLine } from '../show/print.js'

/** `pwoa-run classify FILE IMAGE…` */
export const classify = subcommand(
  {
    name: 'classify',
    summary: 'asks a network what is in pictures',
    description:
      'Asks a network what is in JPEG or PNG pictures. A picture of another size is scaled to cover the image that the network takes, and cropped.',
  },
  {
    file: argument('<FILE>', "a network's file"),
    pictures: restOfArguments('<IMAGE...>', 'JPEG or PNG files'),
    architecture: textOption(
      '--architecture <name>',
      'the network, if the file does not describe it (pwoa-run inspect)',
    ),
    key: textOption('--key <key>', 'where in a PyTorch file the network is'),
    labels: textOption('--labels <names>', 'names of the classes: cat,dog …, a .txt file with one a line, or cifar10'),
    top: withDefault(3, option('--top <n>', 'classes shown for each picture (default: 3)', countOf('--top'))),
    engine: option('--engine <name>', 'auto, gpu, tensorflow or wasm (default: auto, the best that loads)', engineOf),
    json: flag('--json', 'prints one line of JSON'),
  },
  async ({ file, pictures, architecture, key, labels, top, engine, json }) => {
    const { loadNetwork } = await import('../../runtime/ask/loadNetwork.js')
    const { labelsOf } = await import('../../runtime/ask/guesses.js')
    const named = labels === undefined ? undefined : await labelsOf('classify', labels)
    const network = await loadNetwork(file, given({ architecture, key, labels: named, engine }))
    for (const warning of network.warnings) printLine(process.stderr, `warning: ${file}: ${warning}`)
    const answers = []
    for (const picture of pictures) answers.push({ picture, guesses: (await network.classify(picture)).slice(0, top) })
    const text = json
      ? `${JSON.stringify(answers)}\n`
      : drawGuesses(answers, lineWidth(process.stdout), colorsFor(process.stdout))
    return { text, code: 0 }
  },
)
