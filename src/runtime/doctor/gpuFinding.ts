import { chooseGpu, type GpuFacts } from '../../engine/gpu/chooseGpu.js'
import type { Driver, Gpu } from '../../engine/gpu/nvidiaSmi.js'
import type { Finding } from './finding.js'
import { inGib } from './machineFindings.js'

/** Which GPU a run would compute on, its memory, the driver and its CUDA version, or which of them is missing. */
export const gpuFinding = (given: GpuFacts): Finding => {
  const { cuda, platform, arch } = given
  if (platform !== 'linux' || arch !== 'x64')
    return { about: 'gpu', state: 'ok', says: `not used on ${platform} ${arch}`, facts: { library: cuda.state } }
  const driver = given.driver()
  const facts = { library: cuda.state, ...factsOf(driver) }
  const choice = chooseGpu({ ...given, driver: () => driver })
  if (!('reason' in choice))
    return { about: 'gpu', state: 'ok', says: `${drawn(choice.gpu)}; ${versionsOf(driver)}`, facts }
  if ('trouble' in driver && cuda.state === 'absent') return { about: 'gpu', state: 'ok', says: driver.trouble, facts }
  const [first] = 'gpus' in driver ? driver.gpus : []
  const says = first === undefined ? choice.reason : `${drawn(first)}; ${versionsOf(driver)}; ${choice.reason}`
  return { about: 'gpu', state: 'note', says, advice: adviceFor(cuda), facts }
}

const factsOf = (driver: Driver): Finding['facts'] =>
  'trouble' in driver ? { trouble: driver.trouble } : { driver: driver.version, cuda: driver.cuda, gpus: driver.gpus }

const drawn = ({ name, memory, free }: Gpu): string =>
  memory === undefined ? name : `${name}, ${inGib(memory)}${free === undefined ? '' : `, ${inGib(free)} free`}`

const versionsOf = (driver: Driver): string =>
  'trouble' in driver ? driver.trouble : `driver ${driver.version}, CUDA ${driver.cuda ?? 'of unknown version'}`

const adviceFor = ({ state }: GpuFacts['cuda']): string =>
  state === 'whole'
    ? 'Runs use the processor until that is mended.'
    : 'npx pwoa-setup --gpu brings what --engine gpu needs (2.4 GB to download, 4.1 GB on disk).'
