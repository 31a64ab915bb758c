/** The same for all epochs, or what each epoch has, from 0. */
export type PerEpoch<T extends object> = T | ((epoch: number) => T)

/** What an epoch has. */
export const inEpoch = <T extends object>(schedule: PerEpoch<T>, epoch: number): T =>
  typeof schedule === 'function' ? schedule(epoch) : schedule
