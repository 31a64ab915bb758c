// `npm test` tries the pipeline from start to end: whether it works, not how good its network is.
import assert from 'node:assert/strict'
import { exec } from 'node:child_process'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { promisify } from 'node:util'

const skip = existsSync('teacher.pt') ? false : 'teacher.pt is missing: see README.md'

test('the pipeline works from start to end', { skip }, async () => {
  const { stdout } = await promisify(exec)('npx --no-install pwoa-run pipeline.ts --quick --json --quiet')
  const { trial, artifacts } = JSON.parse(stdout)
  assert.equal(trial, 'quick')
  assert.ok(artifacts.includes('pruned.safetensors'))
})
