import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { architectureNames } from '../../src/models/zoo/zoo.js'

const root = join(import.meta.dirname, '..', '..')
const configFile = join(root, 'tsconfig.json')
const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(configFile, ts.sys.readFile).config, ts.sys, root)

const file = join(root, 'test', 'types', 'typed.ts')
const code = `import { admmMask, initialise, loadTeacher } from 'pwoa'
const name: string = 'resnet18'
loadTeacher('teacher.pth', { architecture: '' })
admmMask({ pattern: '', rate: 2, epochs: 1, retrainEpochs: 1 })
initialise('')
loadTeacher('teacher.pth', { architecture: name })
admmMask({ pattern: '3:7', rate: 2, epochs: 1, retrainEpochs: 1 })
admmMask({ pattern: '16x2', rate: 2, epochs: 1, retrainEpochs: 1 })
`

/** An editor's view of one file, which lies beside this test without being written. */
const service = ts.createLanguageService({
  getScriptFileNames: () => [file],
  getScriptVersion: () => '1',
  getScriptSnapshot: (name) => {
    const text = name === file ? code : ts.sys.readFile(name)
    return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
  },
  getCurrentDirectory: () => root,
  getCompilationSettings: () => options,
  getDefaultLibFileName: ts.getDefaultLibFilePath,
  fileExists: (name) => name === file || ts.sys.fileExists(name),
  readFile: ts.sys.readFile,
  directoryExists: ts.sys.directoryExists,
})

/** What an editor offers between the quotes that follow a text of the file. */
const offered = (before: string): readonly string[] => {
  const at = code.indexOf(`${before}''`) + before.length + 1
  return service.getCompletionsAtPosition(file, at, {})?.entries.map(({ name }) => name) ?? []
}

describe('an editor offers', () => {
  test.each(["loadTeacher('teacher.pth', { architecture: ", 'initialise('])('the networks after %s', (before) => {
    expect(offered(before)).toEqual(expect.arrayContaining([...architectureNames]))
  })

  test('the patterns', () => {
    const common = ['irregular', 'filter', 'column', 'channel', 'kernel', '2:4', '4x1']
    expect(offered('pattern: ')).toEqual(expect.arrayContaining(common))
  })

  test('and other blocks, N:M and computed names compile', () => {
    const wrong = service
      .getSemanticDiagnostics(file)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
    // The one of the empty pattern that the editor is asked about.
    expect(wrong).toEqual([expect.stringContaining(`Type '""' is not assignable`)])
  })
})
