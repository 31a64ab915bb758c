const silence = (): void => {}

/**
 * Runs `action` and discards all that is printed on the console meanwhile. TensorFlow.js greets, and if both engines
 * are loaded in one process it warns of platforms and kernels that are registered twice.
 */
export const quietly = <T>(action: () => T): T => {
  const { log, info, warn, error } = console
  Object.assign(console, { log: silence, info: silence, warn: silence, error: silence })
  try {
    return action()
  } finally {
    Object.assign(console, { log, info, warn, error })
  }
}
