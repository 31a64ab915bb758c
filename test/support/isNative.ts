/** Whether these tests run on the native engine; else they run on the portable one. */
export const isNative = process.env.PWOA_ENGINE === 'tensorflow'
