/** Compiles C files of networks and runs them. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CFiles } from '../../../../src/io/checkpoints/c/cFile.js'

/** A file pair, with the name of the C file without its ending and what its names begin with. */
export interface Code extends Pick<CFiles, 'source' | 'header'> {
  readonly name: string
  readonly prefix: string
}

/** Warnings are errors, and so is whatever the sanitizers find. */
const STRICT = ['-std=c99', '-Wall', '-Wextra', '-Werror', '-pedantic', '-O1']
const CHECKED = ['-fsanitize=undefined,address', '-fno-sanitize-recover=all']

/** Runs `use` in a folder of its own with these files. */
export const inFolder = <T>(files: ReadonlyMap<string, string | Uint8Array>, use: (folder: string) => T): T => {
  const folder = mkdtempSync(join(tmpdir(), 'pwoa-c-'))
  try {
    for (const [name, text] of files) writeFileSync(join(folder, name), text)
    return use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The files of codes and a program that uses them. */
export const filesOf = (codes: readonly Code[], main: string): ReadonlyMap<string, string> =>
  new Map([
    ...codes.flatMap(({ name, source, header }): [string, string][] => [
      [`${name}.c`, source],
      [`${name}.h`, header],
    ]),
    ['main.c', main],
  ])

/**
 * For each code: its self-test, which must fail with one number of scratch too few, and the logits of `count` images that
 * stdin has one code after the other.
 */
export const mainOf = (codes: readonly Code[], count: number): string => `#include <stdio.h>
#include <stdlib.h>
${codes.map(({ name }) => `#include "${name}.h"\n`).join('')}
int main(void) {
${codes.map(({ prefix, source }) => runOf(prefix, count, source.includes('_run(const float'))).join('')}  return 0;
}
`

const runOf = (prefix: string, count: number, isFloat: boolean): string => {
  const upper = prefix.toUpperCase()
  const [value, logit, format] = isFloat ? ['float', 'float', '%.9g'] : ['uint8_t', 'int32_t', '%ld']
  return `  {
    ${value} *scratch = malloc(${upper}_SCRATCH * sizeof *scratch);
    static ${value} image[${upper}_INPUTS];
    ${logit} logits[${upper}_CLASSES];
    printf("%ld %ld\\n", (long)${prefix}_selftest(scratch, ${upper}_SCRATCH), (long)(${prefix}_selftest(scratch, ${upper}_SCRATCH - 1) - ${upper}_SCRATCH));
    for (int n = 0; n < ${count}; n++) {
      if (fread(image, sizeof *image, ${upper}_INPUTS, stdin) != ${upper}_INPUTS) return 2;
      if (${prefix}_run(image, scratch, ${upper}_SCRATCH, logits) != 0) return 3;
      for (int i = 0; i < ${upper}_CLASSES; i++) printf("${format}\\n", ${isFloat ? '(double)' : '(long)'}logits[i]);
    }
    free(scratch);
  }
`
}

/** What a program of these codes prints, line by line, compiled by gcc with all checks. */
export const runChecked = (codes: readonly Code[], count: number, input: Uint8Array): readonly string[] =>
  inFolder(filesOf(codes, mainOf(codes, count)), (folder) => {
    const sources = [...codes.map(({ name }) => `${name}.c`), 'main.c']
    execFileSync('gcc', [...STRICT, ...CHECKED, ...sources, '-o', 'main', '-lm'], { cwd: folder, stdio: 'pipe' })
    const printed = execFileSync(join(folder, 'main'), { cwd: folder, input, timeout: 60_000, stdio: 'pipe' })
    return printed.toString('utf8').trim().split('\n')
  })

const support = (file: string): string => fileURLToPath(new URL(`../../../support/cortex/${file}`, import.meta.url))

const CORTEX = ['-mcpu=cortex-m4', '-mthumb', '-Os', '-std=c99', '-Wall', '-Wextra', '-Werror', '-pedantic']
const LINKED = ['--specs=rdimon.specs', '-nostartfiles', '-T', support('link.ld')]
const BOARD = ['-M', 'mps2-an386', '-nographic', '-monitor', 'none', '-serial', 'none']
const STREAMS = ['-semihosting-config', 'enable=on,target=native']

/** What the same program prints on an emulated Cortex-M4, compiled for size. */
export const runOnCortex = (codes: readonly Code[], count: number, input: Uint8Array): readonly string[] =>
  inFolder(filesOf(codes, mainOf(codes, count)), (folder) => {
    const sources = [support('start.c'), ...codes.map(({ name }) => `${name}.c`), 'main.c']
    execFileSync('arm-none-eabi-gcc', [...CORTEX, ...LINKED, ...sources, '-o', 'main.elf', '-lm'], {
      cwd: folder,
      stdio: 'pipe',
    })
    const program = [...BOARD, ...STREAMS, '-kernel', 'main.elf']
    const printed = execFileSync('qemu-system-arm', program, { cwd: folder, input, timeout: 120_000, stdio: 'pipe' })
    return printed.toString('utf8').trim().split('\n')
  })

const FLOATING = [[], ['-mfloat-abi=hard', '-mfpu=fpv4-sp-d16']]

/** Bytes of flash that a code takes on a Cortex-M4, compiled for size without its self-test: with and without a floating-point unit. */
export const flashOnCortex = (code: Code): readonly number[] =>
  inFolder(filesOf([code], ''), (folder) =>
    FLOATING.map((unit) => {
      const defines = `-D${code.prefix.toUpperCase()}_NO_SELFTEST`
      const words = [...CORTEX, ...unit, defines, '-c', `${code.name}.c`, '-o', 'net.o']
      execFileSync('arm-none-eabi-gcc', words, { cwd: folder, stdio: 'pipe' })
      const sizes = execFileSync('arm-none-eabi-size', ['net.o'], { cwd: folder }).toString('utf8').split('\n')[1]
      const [text = NaN, initialised = NaN] = (sizes ?? '').trim().split(/\s+/).map(Number)
      return text + initialised
    }),
  )
