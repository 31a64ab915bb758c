import { parseJson } from './parseJson.js'

/**
 * The value of JSON text; undefined if the text is not JSON, or if an object of it has a name twice.
 */
export const parseJsonOnce = (text: string): unknown => {
  const value = parseJson(text)
  return value === undefined || repeatedKey(text) !== undefined ? undefined : value
}

/**
 * The first key that an object of a JSON text has twice; undefined if no key is repeated. `JSON.parse` would silently
 * take the last of them.
 *
 * @param json text that `JSON.parse` accepts
 */
export const repeatedKey = (json: string): string | undefined => {
  // For each open object the set of its keys, for each open array undefined.
  const open: (Set<string> | undefined)[] = []
  let expectsKey = false
  for (let i = 0; i < json.length; i++) {
    const character = json[i]
    if (character === '"') {
      const start = i
      for (i++; json[i] !== '"'; i++) if (json[i] === '\\') i++
      const keys = open.at(-1)
      if (!expectsKey || keys === undefined) continue
      const key: unknown = JSON.parse(json.slice(start, i + 1))
      if (typeof key === 'string') {
        if (keys.has(key)) return key
        keys.add(key)
      }
      expectsKey = false
    } else if (character === '{') {
      open.push(new Set())
      expectsKey = true
    } else if (character === '[') {
      open.push(undefined)
    } else if (character === '}' || character === ']') {
      open.pop()
      expectsKey = false
    } else if (character === ',') {
      expectsKey = open.at(-1) !== undefined
    }
  }
  return undefined
}
