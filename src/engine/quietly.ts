const silence = (): void => {}

/**
 * Runs `action` without what a library prints on the console meanwhile: TensorFlow.js greets, and warns that a
 * platform or kernel is registered twice when both engines are loaded in one process.
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
