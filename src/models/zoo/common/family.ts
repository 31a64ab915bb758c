import { given } from '../../../dsl/kit/given.js'
import { type Architecture, withClasses } from '../../architecture/architecture.js'
import type { NamedTensors } from '../../parameters/weights.js'
import { lastOf, type OutputsOf, outputsIn } from './outputs.js'

/** A network with the sizes that a file shows. */
export interface SizedNetwork {
  readonly architecture: Architecture
  /** The options of its family that the file shows. */
  readonly options: Readonly<Record<string, unknown>>
  /** The options of its family that the file does not show; they have their defaults. */
  readonly assumed: readonly string[]
}

/** What is known of the data; a file without a last layer gets their classes. */
export interface DataSizes {
  /** Number of classes. */
  readonly classes: number
  /** Side of the images, in pixels. */
  readonly side: number
}

/** Networks of one design: the sizes of one of them are read off a file. */
export type Family = (tensors: NamedTensors, data: DataSizes | undefined) => SizedNetwork

/** How a family is declared. */
interface Declared<O> {
  readonly make: (options: O) => Architecture
  readonly declaration: { readonly fields: object }
  /** The options that a file shows. */
  readonly shown: (outputs: OutputsOf, data: DataSizes | undefined) => O
}

/**
 * A family whose networks all have the same names.
 *
 * @param named the options that the name of the network states: the file has no say in them
 */
export const family = <O extends { readonly classes?: number | undefined }>(
  { make, declaration, shown }: Declared<O>,
  named: O,
): Family => {
  let usual: Architecture | undefined
  return (tensors, data) => {
    usual ??= make(named)
    const options = { ...shown(outputsIn(tensors, usual), data), ...named }
    const assumed = Object.keys(declaration.fields).filter((name) => !Object.hasOwn(options, name))
    return { architecture: make({ ...given({ classes: data?.classes }), ...options }), options, assumed }
  }
}

/** A release of a family: one of its networks, and the options that a file with its names shows. */
interface Release<O> extends Pick<Declared<O>, 'shown'> {
  readonly network: () => Architecture
}

/** Networks whose releases name their tensors differently: the first release whose last layer the file has. */
export const released =
  <O extends { readonly classes?: number | undefined }>(
    declared: Omit<Declared<O>, 'shown'>,
    releases: readonly Release<O>[],
    none: O,
  ): Family =>
  (tensors, data) => {
    const found = releases.find(({ network }) => {
      const usual = network()
      return outputsIn(tensors, usual)(lastOf(usual)) !== undefined
    })
    const shown = (): O => (found ? found.shown(outputsIn(tensors, found.network()), data) : none)
    return family({ ...declared, shown }, none)(tensors, data)
  }

/** A network of one size: only its classes are read off. */
export const single =
  (network: Architecture): Family =>
  (tensors, data) => {
    const classes = outputsIn(tensors, network)(lastOf(network))
    const architecture = withClasses(network, classes ?? data?.classes ?? network.classes)
    return { architecture, options: given({ classes }), assumed: [] }
  }

/** Adds the size of the data's images. */
export const withSide =
  <O extends object>(shown: (outputs: OutputsOf) => O) =>
  (outputs: OutputsOf, data: DataSizes | undefined): O & { readonly size?: number } => ({
    ...shown(outputs),
    ...given({ size: data?.side }),
  })
