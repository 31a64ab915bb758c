/** The house as rules; each says why in its comment. `npm run lint` runs them over src and pipelines. */

/** From the ground up: a room may import itself and those before it. `training` is what operators that train share. */
const rooms = [
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
const narrower = [
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
].map(([room, allowed]) => ({
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

const builtins = ['core']

export default {
  forbidden: [
    ...pointsUp,
    ...narrower,
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
      to: { path: '^(test|bench|pipelines|scripts)/', pathNot: '^scripts/engine-cache\\.' },
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
