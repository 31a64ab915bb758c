/** Resolves when everything that is due now has run: immediates, and the zero timers in which RxJS reports errors. */
export const turn = (): Promise<void> => new Promise((resolve) => setTimeout(() => setImmediate(resolve), 1))
