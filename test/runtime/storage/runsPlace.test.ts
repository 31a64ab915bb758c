import { describe, expect, test } from 'vitest'
import { parseRunsPlace } from '../../../src/runtime/storage/runsPlace.js'

describe('the place of runs', () => {
  test.each([
    ['runs', { type: 'folder', folder: 'runs' }],
    ['/mnt/a b/runs', { type: 'folder', folder: '/mnt/a b/runs' }],
    ['s3:/studies', { type: 'folder', folder: 's3:/studies' }],
    ['s3://studies', { type: 'bucket', bucket: 'studies', prefix: '', shown: 's3://studies' }],
    ['s3://studies/', { type: 'bucket', bucket: 'studies', prefix: '', shown: 's3://studies' }],
    ['s3://my.studies-2/a//b_c/', { bucket: 'my.studies-2', prefix: 'a/b_c/', shown: 's3://my.studies-2/a/b_c' }],
  ])('%s', (text, place) => {
    expect(parseRunsPlace(text)).toMatchObject({ right: place })
  })

  test.each([
    ['gs://studies', 'gs://…'],
    ['https://user:secret@host/studies', 'https://…'],
    ['s3://', '""'],
    ['s3://Studies', '"Studies"'],
    ['s3://a', '"a"'],
    ['s3://studies?x=1', '"studies?x=1"'],
    ['s3://studies/a/../b', '"a/../b"'],
    ['s3://studies/a b', '"a b"'],
    ['s3://key:secret@studies/a', 'one with credentials: lists of processes show them'],
    ['s3://key:abc/secret@studies/a', 'one with credentials: lists of processes show them'],
    ['s3://key/secret@studies/a', 'one with credentials: lists of processes show them'],
  ])('is refused: %s', (text, actual) => {
    const refused = parseRunsPlace(text)
    expect(refused).toMatchObject({ left: { _tag: 'UsageError', stage: '--runs', actual } })
    expect(JSON.stringify(refused)).not.toContain('secret@')
  })
})
