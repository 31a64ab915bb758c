/**
 * node bench/apgdStarts.mjs FILE [--seed 0] [--examples 1000]
 *
 * Writes the perturbations that our APGD-CE starts from on the MNIST test images (float32, one image after the other),
 * so that `autoattack_official.py --starts FILE` starts at the very same points. After `npm run bench` or any other
 * command that builds.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { norms } from '../dist/attacks/common/norms.js'
import { stream } from '../dist/math/random.js'

const PIXELS = 28 * 28
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '0' },
    examples: { type: 'string', default: '1000' },
    epsilon: { type: 'string', default: '0.3' },
  },
})
const [file] = positionals
const [seed, examples, epsilon] = [values.seed, values.examples, values.epsilon].map(Number)
if (file === undefined || ![seed, examples, epsilon].every((value) => value >= 0)) {
  process.stderr.write('usage: node bench/apgdStarts.mjs FILE [--seed 0] [--examples 1000] [--epsilon 0.3]\n')
  process.exit(2)
}
const starts = new Float32Array(examples * PIXELS)
for (let index = 0; index < examples; index++)
  norms.Linf.fillBoundary(
    starts.subarray(index * PIXELS, (index + 1) * PIXELS),
    epsilon,
    stream(seed, index, 'apgd-ce', 0),
  )
writeFileSync(file, starts)
