/** The house as rules; each says why in its comment. `npm run lint` runs them over src and pipelines. */

/** From the ground up: a room may import itself and those before it. `training` is what operators that train share. */
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

/** What a room may use of those before it, where that is not all of them. */
export const narrower = [
  ['dsl', []],
  ['engine', ['dsl']],
  ['models', ['dsl', 'engine', 'math']],
  ['attacks', ['dsl', 'engine', 'math', 'models']],
  // Figures and pictures of a run, from its numbers alone.
  ['report', ['dsl', 'math/sums\\.ts$']],
  // Drawn digits need seeded random numbers; files need nothing of a network.
  ['io', ['dsl', 'math/random\\.ts$']],
  // An ONNX file describes a network: it is read into one, and written from one.
  ['io/checkpoints/onnx', ['dsl', 'io', 'models']],
  // So is one of TensorFlow.js, padded as its engine pads.
  ['io/checkpoints/tfjs', ['dsl', 'io', 'models', 'engine/ops/conv2d\\.ts$']],
]

const usesLittle = narrower.map(([room, allowed]) => ({
  name: `${room.replaceAll('/', '-')}-uses-little`,
  comment: `src/${room} uses only ${['itself', ...allowed].join(', ')}.`,
  severity: 'error',
  from: { path: `^src/${room}/`, ...(room === 'io' ? { pathNot: '^src/io/checkpoints/(onnx|tfjs)/' } : {}) },
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
 * Rooms with an order of their folders, from the ground up: a folder may import itself and those before it; a room's own
 * files may import all of them. `test/conventions` checks that no folders of any room import each other.
 */
const folders = {
  runtime: [
    ['host', 'This package and this machine: nothing of a run.'],
    ['checkpoints', 'The state of a run as a file: it needs neither the run nor its folder.'],
    ['folder', 'What is written into a run folder, and by whom: it does not matter what runs there.'],
    ['records', 'Run folders are read back without anything that runs: for reports, pages and other machines.'],
    ['run', 'A run does not know whether it is a row of a comparison or a point of a sweep.'],
    ['comparison', 'Runs in turn.'],
    ['sweep', 'Runs by the hundred. Which process runs a point is given: a sweep knows neither child processes nor a queue.'],
    ['file', 'A pipeline file exports a pipeline, a comparison or a sweep.'],
    ['pointProcess', 'The process of a point loads the pipeline file again. It is not told of a queue: its secrets stay away.'],
    ['storage', 'Where a worker keeps the folders of points, whatever gives it the points.'],
    ['queue', 'Points from other machines: each is run in a process of its own, and kept in a storage.'],
    ['doctor', 'Looks at the machine, the data and the queue.'],
    ['starter', 'Needs this package only.'],
    ['tensorboard', 'Run folders as event files, from the records alone.'],
  ],
  io: [
    ['files', 'Reading and writing as such: of no format and no data set.'],
    ['tensorboard', 'The format of event files.'],
    ['pictures', 'Images as SVG and PNG.'],
    ['checkpoints', 'Tensors in files: no images.'],
    ['datasets', 'Images in files: no networks.'],
  ],
  'io/checkpoints': [
    ['tensors', 'What every format is read into.'],
    ['torch', 'One format.'],
    ['tfjs', 'One format.'],
    ['onnx/graph', 'The format and its nodes, for all operators.'],
    ['onnx/operators', 'One family of operators a file.'],
    ['onnx', 'One format.'],
  ],
  'io/datasets': [
    ['common', 'What data sets share knows none of them.'],
    ['images', 'Folders of images, decoded.'],
    ['digits', 'Drawn images.'],
    ['mnist', 'One data set.'],
    ['cifar', 'One data set, which may lie in a folder of images.'],
  ],
  training: [
    ['network', 'A network as it is trained, measured and written: it does not know how.'],
    ['step', 'One step on whatever terms there are: no single method.'],
    ['views', 'What loss terms share: they are steps’ guests and prune nothing.'],
    ['pruning', 'Masks, and the stages that train under them.'],
    ['evaluation', 'Looks at a network; trains and prunes nothing.'],
  ],
  attacks: [
    ['common', 'What attacks share knows none of them.'],
    ['evaluation', 'Attacks are values to it: it knows none of them by name.'],
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
      comment: 'Nobody imports who imports him. Types count too.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'operators-stand-alone',
      comment: 'One operator a file, and never each other: what two share lies in training, math or dsl.',
      severity: 'error',
      from: { path: '^src/operators/([^/]+)' },
      to: { path: '^src/operators/', pathNot: '^src/operators/$1' },
    },
    {
      name: 'backends-only-in-engine',
      comment: 'Only src/engine touches TensorFlow.js; elsewhere only types of tfjs-core.',
      severity: 'error',
      from: { path: '^(src|pipelines)/', pathNot: '^src/engine/' },
      to: { path: '@tensorflow/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'types-of-core-only',
      comment: 'Types too come from tfjs-core alone.',
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
      comment: 'Files are read and written in io and runtime; engine looks for the native addon.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(io|runtime|engine)/' },
      to: { path: '^(node:)?fs(/promises)?$', dependencyTypes: builtins },
    },
    {
      name: 'dsl-knows-no-machine',
      comment: 'The language is rxjs, fp-ts, io-ts, types and a channel to listen on: no files, no network, no processes.',
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
      comment: 'A pipeline file is what a user could write: pwoa, rxjs, fp-ts, io-ts, Node, and other pipeline files.',
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
      comment: 'What is shipped needs neither tests nor tools; where the cache folder is, it shares with the set-up script.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|pipelines|scripts)/', pathNot: '^scripts/engineCache\\.' },
    },
    {
      name: 'scripts-only-for-the-cache',
      comment: 'One cache folder holds the engine and the data; where it is, the set-up script knows.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(engine|io)/' },
      to: { path: '^scripts/' },
    },
    {
      name: 'declared-packages-only',
      comment: 'What src and pipelines import is a dependency, not a development one or somebody else’s.',
      severity: 'error',
      from: { path: '^(src|pipelines)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'native-decoder-on-demand',
      comment: 'What reads no images runs where the native decoder does not load.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: 'node_modules/sharp/', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'storage-client-on-demand',
      comment: 'The client of object storage is optional, and loaded where a bucket is named.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: 'node_modules/@aws-sdk/', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'resolvable',
      comment: 'Every import is found.',
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
