/** The structure of src as rules, each with its reason in a comment. `npm run lint` checks src and pipelines by them. */

import { readFileSync } from 'node:fs'

const { peerDependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

/** Packages that only some users install. */
const optional = `node_modules/(${Object.keys(peerDependencies).join('|')})/`

/** The files that import the packages that draw charts. */
const drawing = '^src/report/study/(drawPlot|plotFrame|studyPlots)\\.ts$'

/** The rooms of src in order: each may import itself and those before it. `training` is shared by operators that train. */
export const rooms = [
  'dsl',
  'engine',
  'math',
  'models',
  'attacks',
  'io',
  'training',
  'operators',
  'pipelines',
  'report',
  'runtime',
  'ui',
  'cli',
]

const anyOf = (names) => `(${names.join('|')})`

const pointsUp = rooms.slice(0, -1).map((room, i) => ({
  name: `${room}-imports-point-up`,
  comment: `src/${room} imports none of the rooms after it: ${rooms.slice(i + 1).join(', ')}.`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: `^src/(${anyOf(rooms.slice(i + 1))}/|index\\.ts$)` },
}))

/** Rooms that may use only some of those before them. */
export const narrower = [
  ['dsl', []],
  ['engine', ['dsl']],
  ['models', ['dsl', 'engine', 'math']],
  ['attacks', ['dsl', 'engine', 'math', 'models']],
  // Figures and pictures of a run need only its numbers.
  ['report', ['dsl', 'math/sums\\.ts$']],
  // Drawn digits need seeded random numbers; files need nothing of a network.
  ['io', ['dsl', 'math/random\\.ts$']],
  // An ONNX file describes a network: it is read into one, and written from one.
  ['io/checkpoints/onnx', ['dsl', 'io', 'models']],
  // So is one of TensorFlow.js, padded as its engine pads.
  ['io/checkpoints/tfjs', ['dsl', 'io', 'models', 'engine/ops/conv2d\\.ts$']],
  // And one of C, whose integers are those of the ONNX file.
  ['io/checkpoints/c', ['dsl', 'io', 'models']],
]

const usesLittle = narrower.map(([room, allowed]) => ({
  name: `${room.replaceAll('/', '-')}-uses-little`,
  comment: `src/${room} uses only ${['itself', ...allowed].join(', ')}.`,
  severity: 'error',
  from: { path: `^src/${room}/`, ...(room === 'io' ? { pathNot: '^src/io/checkpoints/(onnx|tfjs|c)/' } : {}) },
  to: { path: '^src/', pathNot: `^src/${anyOf([room, ...allowed])}` },
}))

/** What a folder of the command line may use of the others. */
const cliFolders = [
  ['arguments', []],
  ['draw', []],
  ['show', ['arguments', 'draw']],
  ['commands', ['arguments', 'draw', 'show']],
].map(([folder, allowed]) => ({
  name: `cli-${folder}-uses-little`,
  comment: `src/cli/${folder} uses only ${['itself', ...allowed].join(', ')} of src/cli, so that imports point one way.`,
  severity: 'error',
  from: { path: `^src/cli/${folder}/` },
  to: { path: '^src/cli/', pathNot: `^src/cli/${anyOf([folder, ...allowed])}/` },
}))

/**
 * Rooms whose folders have an order: a folder may import itself and those before it; files directly in the room may import
 * all of them. `test/conventions` checks that no two folders of any room import each other.
 */
const folders = {
  runtime: [
    ['host', 'This package and this machine: nothing of a run.'],
    ['ask', 'A network in code: nothing of a run.'],
    ['checkpoints', 'The state of a run as a file needs neither the run nor its folder.'],
    ['folder', 'The files of a run folder, and its lock, do not depend on what runs there.'],
    ['records', 'Reading run folders back, for reports, pages and other machines, needs no code that runs pipelines.'],
    ['tensorboard', 'Event files are made from the records only.'],
    ['loggers', 'A logger is an observer: it sees a run through its handle.'],
    ['trial', 'A trial is a pipeline over few images: it does not know how pipelines are run.'],
    ['run', 'A run does not know whether it is a row of a comparison or a point of a sweep.'],
    ['comparison', 'A comparison runs pipelines one after the other.'],
    ['search', 'Which points a search draws, and what a run has reached, follow from options and records.'],
    ['sweep', 'A sweep receives the function that runs a point: it knows neither child processes nor a queue.'],
    ['file', 'A pipeline file exports a pipeline, a comparison or a sweep.'],
    ['measure', 'Measures the runs of a file by trials of them: it needs no sweep to be started.'],
    ['pointProcess', 'The process of a point loads the pipeline file again. It knows no queue, so it never has the secrets of one.'],
    ['storage', 'A worker stores the folders of points the same way, wherever the points come from.'],
    ['queue', 'Points from other machines run in their own processes and are kept in a storage.'],
    ['doctor', 'Inspects the machine, the data and the queue.'],
    ['starter', 'Needs this package only.'],
    ['inspect', 'Reads a file of a network: nothing of a run.'],
    ['results', 'Tables for other tools are made from the records, and drawn as those of a sweep.'],
  ],
  io: [
    ['files', 'Reading and writing files, independent of formats and data sets.'],
    ['tensorboard', 'The format of event files.'],
    ['pictures', 'Images as SVG and PNG.'],
    ['checkpoints', 'Tensors in files: no images.'],
    ['datasets', 'Images in files: no networks.'],
  ],
  'io/checkpoints': [
    ['tensors', 'All formats are read into these types.'],
    ['torch', 'One format.'],
    ['tfjs', 'One format.'],
    ['onnx/graph', 'The file format and its nodes, shared by all operators.'],
    ['onnx/values', 'What values of a graph are and become, shared by the families of operators.'],
    ['onnx/windows', 'Operators with windows on images, which other families read images by.'],
    ['onnx/transformers', 'Operators of which transformers are made.'],
    ['onnx/operators', 'Each file has one family of operators.'],
    ['onnx', 'One format.'],
    ['c', 'C code, with the integers of ONNX files.'],
  ],
  'io/datasets': [
    ['common', 'Code that data sets share does not know any of them.'],
    ['images', 'Folders of images, decoded.'],
    ['digits', 'Drawn images.'],
    ['mnist', 'One data set.'],
    ['cifar', 'One data set, which may also be a folder of images.'],
  ],
  training: [
    ['network', 'A network that is trained, measured and written does not depend on how.'],
    ['step', 'A training step works on any loss terms: it knows no method.'],
    ['views', 'Code that loss terms share: they are part of steps and prune nothing.'],
    ['pruning', 'Masks, and the stages that train under them.'],
    ['evaluation', 'An evaluation trains and prunes nothing.'],
  ],
  attacks: [
    ['common', 'Code that attacks share does not know any of them.'],
    ['evaluation', 'An evaluation receives attacks as values: it knows none by name.'],
    ['apgd', 'One attack in its variants.'],
    ['fab', 'One attack in its variants.'],
    ['square', 'One attack in its variants.'],
    ['cw', 'One attack.'],
  ],
}

const foldersPointUp = Object.entries(folders).flatMap(([base, order]) =>
  order.map(([name, reason], i) => {
    const allowed = anyOf(order.slice(0, i + 1).map(([one]) => one))
    const inner = order.flatMap(([one]) => (one.startsWith(`${name}/`) ? [one] : []))
    return {
      name: `${base}/${name}-imports-point-up`.replaceAll('/', '-'),
      comment: `${reason} So src/${base}/${name} imports nothing of src/${base} that comes after it.`,
      severity: 'error',
      from: {
        path: `^src/${base}/${name}/`,
        ...(inner.length > 0 ? { pathNot: `^src/${base}/${anyOf(inner)}/` } : {}),
      },
      to: { path: `^src/${base}/`, pathNot: `^src/${base}/${allowed}/` },
    }
  }),
)

const builtins = ['core']

export default {
  forbidden: [
    ...pointsUp,
    ...usesLittle,
    ...foldersPointUp,
    ...cliFolders,
    {
      name: 'no-cycles',
      comment: 'No import cycles, type-only imports included.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'operators-stand-alone',
      comment: 'Each file has one operator, and operators do not import each other: shared code is in training, math or dsl.',
      severity: 'error',
      from: { path: '^src/operators/([^/]+)' },
      to: { path: '^src/operators/', pathNot: '^src/operators/$1' },
    },
    {
      name: 'backends-only-in-engine',
      comment: 'Only src/engine imports TensorFlow.js; other rooms import only types of tfjs-core.',
      severity: 'error',
      from: { path: '^(src|pipelines)/', pathNot: '^src/engine/' },
      to: { path: '@tensorflow/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'types-of-core-only',
      comment: 'Types come only from tfjs-core.',
      severity: 'error',
      from: { path: '^(src|pipelines)/', pathNot: '^src/engine/' },
      to: { path: '@tensorflow/(?!tfjs-core)' },
    },
    {
      name: 'no-rxjs-below-operators',
      comment: 'Networks, losses and attacks are pure functions of tensors.',
      severity: 'error',
      from: { path: '^src/(math|models|attacks|engine|io)/' },
      to: { path: 'node_modules/rxjs/' },
    },
    {
      name: 'files-only-in-io-and-runtime',
      comment: 'Only io and runtime read and write files; engine searches for the native addon.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(io|runtime|engine)/' },
      to: { path: '^(node:)?fs(/promises)?$', dependencyTypes: builtins },
    },
    {
      name: 'dsl-knows-no-machine',
      comment: 'The language uses rxjs, fp-ts, io-ts, types and a diagnostics channel: no files, no network, no processes.',
      severity: 'error',
      from: { path: '^src/dsl/' },
      to: {
        path: '.',
        pathNot: '^src/|node_modules/(rxjs|fp-ts|io-ts|fastest-levenshtein)/|^(node:)?diagnostics_channel$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'pipelines-import-the-package-only',
      comment: 'A pipeline file imports only what a user could: pwoa, rxjs, fp-ts, io-ts, Node, and other pipeline files.',
      severity: 'error',
      from: { path: '^pipelines/' },
      to: {
        path: '.',
        pathNot: '^src/index\\.ts$|^pipelines/|node_modules/(rxjs|fp-ts|io-ts)/',
        dependencyTypesNot: builtins,
      },
    },
    {
      name: 'src-stands-alone',
      comment: 'Shipped code needs neither tests nor tools. It shares the place of the cache folder with the set-up script.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|pipelines|scripts)/', pathNot: '^scripts/engineCache\\.' },
    },
    {
      name: 'scripts-only-for-the-cache',
      comment: 'Only engine and io use the cache folder, whose place the set-up script determines.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(engine|io)/' },
      to: { path: '^scripts/' },
    },
    {
      name: 'declared-packages-only',
      comment: 'Packages that src and pipelines import are dependencies or optional peers: not only development dependencies, and not those of others.',
      severity: 'error',
      from: { path: '^(src|pipelines)/' },
      to: { pathNot: optional, dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'optional-packages-on-demand',
      comment: 'Packages that only some users install are loaded only where they are needed.',
      severity: 'error',
      from: { path: '^src/', pathNot: drawing },
      to: { path: optional, dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'drawing-on-demand',
      comment: 'These files import the packages that draw charts, so they are loaded only where a study has some.',
      severity: 'error',
      from: { path: '^src/', pathNot: drawing },
      to: { path: drawing, dynamic: false },
    },
    {
      name: 'resolvable',
      comment: 'Every import resolves.',
      severity: 'error',
      from: { path: '^(src|pipelines)/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist/|src/\\.)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.mts', '.js', '.mjs', '.d.ts', '.d.mts'],
    },
  },
}
