/** Whether an installed addon loads and computes. */
import { run } from './runCommand.mjs'

const PROOF = `
const util = require('util')
util.isNullOrUndefined ??= (value) => value === null || value === undefined
const tf = require('@tensorflow/tfjs-node')
const product = tf.matMul(tf.tensor2d([[1, 2], [3, 4]]), tf.tensor2d([[5], [6]])).dataSync()
if (product[0] !== 17 || product[1] !== 39) throw new Error('a matrix product came out wrong')
console.log('libtensorflow=' + tf.backend().binding.TF_Version)
`

/** Loads the addon in its own process and multiplies two matrices. @returns the version of libtensorflow */
export const proveAddon = async (folder) => {
  const output = await run('loading the addon', process.execPath, ['-e', PROOF], {
    cwd: folder,
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
    seconds: 300,
  })
  return /libtensorflow=(\S+)/.exec(output)?.[1] ?? 'of unknown version'
}
