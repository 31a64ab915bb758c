/**
 * PWOA_PYTHON=python3 node scripts/checkOnnx.mjs [FILE.onnx …]
 *
 * ONNX's own checker, with shape inference, on files of `exportModel`, and on an export of every network of the zoo.
 * Needs a Python with the package `onnx`. Exits with 1 and the checker's message if one is not valid.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { encodeOnnx } from '../dist/io/checkpoints/onnx/encodeOnnx.js'
import { freshStatistics } from '../dist/models/parameters/statistics.js'
import { zoo } from '../dist/models/zoo/zoo.js'
import { randomWeights } from '../dist/training/network/randomWeights.js'

const CHECK = `
import sys, onnx
model = onnx.load(sys.argv[1])
onnx.checker.check_model(model, full_check=True)
print(len(model.graph.node), "nodes, opset", model.opset_import[0].version)
`

const check = (file, name) => {
  const { status, stdout, stderr } = spawnSync(process.env.PWOA_PYTHON ?? 'python3', ['-c', CHECK, file], {
    encoding: 'utf8',
  })
  if (status !== 0) {
    process.stderr.write(`${name}: ${stderr}`)
    process.exit(1)
  }
  process.stdout.write(`${name}: valid, ${stdout}`)
}

const folder = mkdtempSync(join(tmpdir(), 'pwoa-onnx-'))
try {
  for (const [name, architecture] of Object.entries(zoo)) {
    const encoded = encodeOnnx(architecture, randomWeights(architecture, 0, 'check'), freshStatistics(architecture))
    if (encoded._tag === 'Left') throw new Error(JSON.stringify(encoded.left))
    const file = join(folder, `${name}.onnx`)
    writeFileSync(file, encoded.right)
    check(file, name)
  }
} finally {
  rmSync(folder, { recursive: true })
}
for (const file of process.argv.slice(2)) check(file, basename(file))
