// `npm test` tries the pipeline from start to end, in seconds: whether it works, not how good its network is.
import assert from 'node:assert/strict'
import { exec } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

test('the pipeline works from start to end', async () => {
  const { stdout } = await promisify(exec)('npx --no-install pwoa-run pipeline.ts --quick --json --quiet')
  const summary = JSON.parse(stdout)
  // A sweep has the summaries of its points.
  const runs = summary.points?.map((point) => point.summary) ?? [summary]
  for (const run of runs) {
    assert.equal(run.trial, 'quick')
    assert.ok(run.artifacts.some((file) => file.endsWith('.safetensors')))
  }
})
