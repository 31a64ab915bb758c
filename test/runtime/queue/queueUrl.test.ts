import { describe, expect, test } from 'vitest'
import { parseQueueUrl } from '../../../src/runtime/queue/queueUrl.js'

const read = (given: string | undefined, environment: Record<string, string> = {}) => parseQueueUrl(given, environment)

describe('the URL of a queue', () => {
  test.each([
    ['redis://host', { shown: 'redis://host:6379', connection: { host: 'host', port: 6379, db: 0 } }],
    ['redis://host:7000/3', { shown: 'redis://host:7000/3', connection: { host: 'host', port: 7000, db: 3 } }],
    ['redis://[::1]:7000', { shown: 'redis://[::1]:7000', connection: { host: '::1', port: 7000 } }],
    ['rediss://host', { shown: 'rediss://host:6379', connection: { tls: { servername: 'host' } } }],
    ['rediss://10.0.0.1', { shown: 'rediss://10.0.0.1:6379', connection: { host: '10.0.0.1', tls: {} } }],
  ])('%s', (url, expected) => {
    expect(read(url)).toMatchObject({ right: expected })
    expect(read(undefined, { PWOA_QUEUE: url })).toEqual(read(url))
  })

  test('with a password is accepted only from the environment, and never shown', () => {
    const secret = 'rediss://user:p%40ss@host:7000'
    const url = read(undefined, { PWOA_QUEUE: secret })
    expect(url).toMatchObject({
      right: { shown: 'rediss://host:7000', connection: { username: 'user', password: 'p@ss', tls: {} } },
    })
    const refused = read(secret)
    expect(refused).toMatchObject({ left: { _tag: 'UsageError', stage: '--queue', actual: 'one with a password' } })
    expect(JSON.stringify(refused)).not.toMatch(/p%40ss|p@ss/)
  })

  test.each([
    [undefined, {}, 'none'],
    ['host:6379', {}, '"host:6379"'],
    ['http://host', {}, '"http://host"'],
    ['http://:secret@host', {}, '"http://…@host"'],
    [':secret@host', {}, '"…@host"'],
    ['redis://:pa/secret@host', {}, '"redis://…@host"'],
    ['redis://pa:12/secret@host', {}, '"redis://…@host"'],
    ['redis://pa:12#secret@host', {}, '"redis://…@host"'],
    ['redis://:pa@secret@host:x', {}, '"redis://…@host:x"'],
    ['redis://host/name', {}, '"name"'],
    [undefined, { PWOA_QUEUE: 'http://:secret@host' }, 'another text in PWOA_QUEUE'],
    [undefined, { PWOA_QUEUE: 'redis://:100%secret@host' }, 'a % that begins no character'],
    [undefined, { PWOA_QUEUE: 'redis://100%:secret@host' }, 'a % that begins no character'],
  ])('is refused: %s %o', (given, environment, actual) => {
    const refused = read(given, environment)
    expect(refused).toMatchObject({ left: { _tag: 'UsageError', stage: '--queue', actual } })
    expect(JSON.stringify(refused)).not.toMatch(/secret|pa:/)
  })
})
