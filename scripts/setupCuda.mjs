/**
 * Installs the CUDA build of libtensorflow beside the CPU build: tfjs-node and its addon as they are, with the library of
 * the Python package `tensorflow` and NVIDIA's libraries that its metadata lists. Every wheel has its hash below.
 * A set-up that was interrupted keeps the wheels that it has, and goes on with the next.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, relative } from 'node:path'
import {
  cudaDownloads,
  cudaParts,
  cudaState,
  engineFolder,
  readStamp,
  stampFile,
  TFJS_NODE_VERSION,
} from './engineCache.mjs'
import { discard, discardAbandoned, partialFolder } from './partialFolders.mjs'
import { proveAddon } from './proveAddon.mjs'
import { run } from './runCommand.mjs'
import { downloadWheel, findPython } from './wheels.mjs'

const TENSORFLOW = {
  name: 'tensorflow',
  version: '2.15.1',
  platforms: ['manylinux_2_17_x86_64'],
  sha256: 'bb0edd69103c154245c5f209f0507355cc68ba7e4de350084bc31edc562478e4',
}

/** Of the extra `and-cuda` in its metadata: part of the name, version, hash. */
const NVIDIA = [
  ['cublas', '12.2.5.6', 'f448d8db463f9a2c7dd9a1e607c0961d3e95f825b86839c5882f7d073d406df0'],
  ['cuda-cupti', '12.2.142', 'ce68d1009dd14215e38ed49643d31374c71d6fea381181cb0b9da7f19dfd1624'],
  ['cuda-nvcc', '12.2.140', 'c6ff4ae7a636eb6cab7621191e19ac3779690686bbcf52c04d8b1ca2944e1e27'],
  ['cuda-nvrtc', '12.2.140', 'b1cdcae6443cb7cdcfb5d1bf51896a148c9f82f9e65b27db9ab095eaed689aa7'],
  ['cuda-runtime', '12.2.140', 'acb9cb7e44594a3512533497ea790d9f0b0e399abcc888584c157d1ffa080e41'],
  ['cudnn', '8.9.4.25', '9f882d5b11753c566fd32427839089eb4f8ba7a58c28446ad359e32c40229723'],
  ['cufft', '11.0.8.103', '72e961e578f9be9e316ccb4db8652c421dd0b57442624faa71061d452f449a67'],
  ['curand', '10.3.3.141', '7b6bad6817b5df2a6f5ec221206fb895d9195fdd7d2443f3e86554108c141a0a'],
  ['cusolver', '11.5.2.141', '5a85c4653ce34339a5688137f494a0f903e0f0532418550998167f00844161da'],
  ['cusparse', '12.1.2.141', '4e13d6a51d2303dcb2a023ba09546811161f0334fc64e13689397bbd3b1eb126'],
  ['nccl', '2.16.5', '84695a4248138fb2ca12f5fd3defe986e790e71ccdaad51b2ca34ca4e83ef421'],
  ['nvjitlink', '12.2.140', '95635cafbf9f96c38bea5200ab145a2e6aefbb5405e0b04c1e4ba54df2d84ec9'],
].map(([part, version, sha256]) => ({
  name: `nvidia-${part}-cu12`,
  version,
  sha256,
  platforms: ['manylinux1_x86_64', 'manylinux2014_x86_64'],
}))

const DOWNLOADED_GB = 2.4
/** Downloads and unpacked libraries together. */
const NEEDED_GB = 7

const say = (line) => process.stderr.write(`engine: ${line}\n`)

/** TensorFlow's two libraries go to `lib`; NVIDIA's to `nvidia`, where the run path of those two looks for them. */
const UNPACK = `
import os, re, shutil, sys, zipfile
wheel, deps = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for entry in archive.infolist():
        name = entry.filename
        if name in ('tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2'):
            target = os.path.join(deps, 'lib', os.path.basename(name))
        elif re.match(r'nvidia/[^/]+/(lib|bin|nvvm)/', name) and not name.endswith(('/', '.py')):
            target = os.path.join(deps, name)
        else:
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with archive.open(entry) as source, open(target, 'wb') as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
        if '/bin/' in name:
            os.chmod(target, 0o755)
`

const checkPlatform = ({ platform, arch }) => {
  if (platform === 'linux' && arch === 'x64') return
  throw new Error(`a CUDA build of libtensorflow exists for Linux on x64 only, not for ${platform} ${arch}`)
}

const checkAddon = (cache) => {
  const { source, libtensorflow } = readStamp(cache) ?? {}
  if (source === undefined)
    throw new Error('the CPU build could not be installed, and its addon loads the CUDA build too')
  if (source !== 'wheel' || libtensorflow !== TENSORFLOW.version)
    throw new Error(
      `the CPU build is ${libtensorflow} (${source}), and its addon may not load ${TENSORFLOW.version}; pwoa-setup --force replaces it`,
    )
}

const checkRoom = (cache) => {
  const { bavail, bsize } = statfsSync(cache)
  const free = (bavail * bsize) / 1e9
  const here = existsSync(cudaDownloads(cache))
    ? readdirSync(cudaDownloads(cache)).reduce((sum, name) => sum + statSync(join(cudaDownloads(cache), name)).size, 0)
    : 0
  if (free + here / 1e9 < NEEDED_GB)
    throw new Error(
      `${cache} has ${free.toFixed(1)} GB free, and the CUDA build needs ${NEEDED_GB}; PWOA_CACHE names another folder`,
    )
}

const filesUnder = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesUnder(join(folder, entry.name)) : [join(folder, entry.name)],
  )

/** The path in the engine's folder and the length of each library, by which one that is missing or cut short is found. */
const libraries = (folder, deps) =>
  Object.fromEntries(filesUnder(deps).map((file) => [relative(folder, file), statSync(file).size]))

const compose = async (cache, python, wheels) => {
  const partial = partialFolder(engineFolder(cache, 'cuda'))
  try {
    const addon = join('node_modules', '@tensorflow', 'tfjs-node')
    const left = join(engineFolder(cache), addon, 'deps')
    cpSync(engineFolder(cache), partial, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => source !== left && source !== stampFile(cache),
    })
    const deps = join(partial, addon, 'deps')
    for (const wheel of wheels)
      await run(`unpacking ${basename(wheel)}`, python, ['-c', UNPACK, wheel, deps], { cwd: cache, seconds: 900 })
    symlinkSync('libtensorflow_cc.so.2', join(deps, 'lib', 'libtensorflow.so'))
    symlinkSync('libtensorflow_framework.so.2', join(deps, 'lib', 'libtensorflow_framework.so'))
    const stamp = {
      tfjsNode: TFJS_NODE_VERSION,
      source: 'wheel',
      sha256: TENSORFLOW.sha256,
      libtensorflow: await proveAddon(partial),
      libraries: libraries(partial, deps),
    }
    writeFileSync(join(partial, basename(stampFile(cache, 'cuda'))), `${JSON.stringify(stamp, null, 2)}\n`)
    rmSync(engineFolder(cache, 'cuda'), { recursive: true, force: true })
    renameSync(partial, engineFolder(cache, 'cuda'))
    return stamp
  } finally {
    discard(partial)
  }
}

/**
 * Idempotent: returns at once if the CUDA build is whole. The CPU build has to be there.
 *
 * @param {{ cache: string, again: 'if-needed' | 'always', host?: { platform: string, arch: string } }} options
 * @returns {Promise<'present' | 'installed'>}
 * @throws Error with one line that says what is missing
 */
export const setUpCuda = async ({ cache, again, host = process }) => {
  checkPlatform(host)
  if (again === 'if-needed' && cudaState(cache).state === 'whole') return 'present'
  checkAddon(cache)
  mkdirSync(cudaDownloads(cache), { recursive: true })
  for (const folder of [cache, cudaDownloads(cache)]) discardAbandoned(folder)
  checkRoom(cache)
  const python = await findPython()
  const wheels = []
  say(`downloading libtensorflow ${TENSORFLOW.version} for CUDA (${DOWNLOADED_GB} GB, once per machine) …`)
  for (const [index, wheel] of [TENSORFLOW, ...NVIDIA].entries()) {
    say(`${index + 1} of ${NVIDIA.length + 1}: ${wheel.name} ${wheel.version}`)
    wheels.push(await downloadWheel(cudaDownloads(cache), python, wheel))
  }
  say('unpacking …')
  const { libtensorflow } = await compose(cache, python, wheels)
  rmSync(cudaDownloads(cache), { recursive: true, force: true })
  say(`tensorflow ${libtensorflow} for CUDA is installed; pwoa-run doctor says whether a GPU can use it`)
  return 'installed'
}

/** Deletes the CUDA build and what an interrupted set-up has left. @returns the names that are gone */
export const removeCuda = (cache) => {
  const names = cudaParts(cache)
  for (const name of names) {
    rmSync(join(cache, name, basename(stampFile(cache, 'cuda'))), { force: true })
    rmSync(join(cache, name), { recursive: true, force: true })
  }
  return names
}
