// The section of docs/results/device.md on a microcontroller: C code, judged by its size and by an emulator's count of
// instructions. Needs arm-none-eabi-gcc and qemu-system-arm.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const { fillUniform, stream } = await import('../dist/math/random.js')
const { mnistNet } = await import('../dist/models/zoo/zoo.js')
const { parametersOf } = await import('../dist/models/parameters/parameters.js')
const { freshStatistics } = await import('../dist/models/parameters/statistics.js')
const { modelFiles } = await import('../dist/training/network/modelFiles.js')
const { randomWeights } = await import('../dist/training/network/randomWeights.js')
const { maskOf } = await import('../dist/training/pruning/pruning.js')
const { pruningTask } = await import('../dist/training/pruning/pruningTask.js')

const SEED = 1
const support = (file) => fileURLToPath(new URL(`../test/support/cortex/${file}`, import.meta.url))

/** Nanoseconds of the emulated processor's tick; the emulator counts an instruction as one nanosecond. */
const TICK = 40

const mainOf = (prefix, form) => `#include <stdio.h>
#include "net.h"
#define TIMER ((volatile uint32_t *)0xE000E010)
static ${form} image[${prefix}_INPUTS], scratch[${prefix}_SCRATCH];
static ${form === 'float' ? 'float' : 'int32_t'} logits[${prefix}_CLASSES];
int main(void) {
  for (int i = 0; i < ${prefix}_INPUTS; i++) image[i] = ${form === 'float' ? '(float)(i % 7) / 7' : '(uint8_t)(i * 37)'};
  TIMER[1] = 0xFFFFFF;
  TIMER[2] = 0;
  TIMER[0] = 5;
  const uint32_t before = TIMER[2];
  ${prefix.toLowerCase()}_run(image, scratch, ${prefix}_SCRATCH, logits);
  printf("%lu %d\\n", (unsigned long)((before - TIMER[2]) & 0xFFFFFF), (int)sizeof scratch);
  return 0;
}
`

const measured = (ending, network, data) => {
  const name = `net${ending}`
  const files = modelFiles(name, network, data)
  if (files._tag === 'Left') throw new Error(JSON.stringify(files.left))
  const folder = mkdtempSync(join(tmpdir(), 'pwoa-board-'))
  const run = (program, ...words) => execFileSync(program, words, { cwd: folder, timeout: 60_000 }).toString()
  try {
    const [prefix, form] = ending === '.c' ? ['NET', 'float'] : ['NET_INT8', 'uint8_t']
    for (const [file, bytes] of files.right) writeFileSync(join(folder, file), bytes)
    writeFileSync(join(folder, 'main.c'), mainOf(prefix, form).replace('net.h', name.replace(/c$/, 'h')))
    const options = ['-mcpu=cortex-m4', '-mthumb', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16', '-std=c99']
    run('arm-none-eabi-gcc', ...options, '-Os', `-D${prefix}_NO_SELFTEST`, '-c', name, '-o', 'net.o')
    const [text, initialised] = run('arm-none-eabi-size', 'net.o').split('\n')[1].trim().split(/\s+/).map(Number)
    const linked = ['--specs=rdimon.specs', '-nostartfiles', '-T', support('link.ld'), support('start.c')]
    run('arm-none-eabi-gcc', ...options, '-Os', ...linked, 'main.c', 'net.o', '-o', 'main.elf', '-lm')
    const board = ['-M', 'mps2-an386', '-nographic', '-monitor', 'none', '-serial', 'none', '-icount', 'shift=0']
    const streams = ['-semihosting-config', 'enable=on,target=native', '-kernel', 'main.elf']
    const [ticks, scratch] = run('qemu-system-arm', ...board, ...streams)
      .trim()
      .split(' ')
      .map(Number)
    return { flash: text + initialised, scratch, instructions: ticks * TICK }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The section. @param table lays out a head and rows */
export const boardSection = (table) => {
  const net = mnistNet
  const weights = randomWeights(net, SEED, 'board')
  for (const { role, offset, size, name } of parametersOf(net))
    if (role === 'bias') fillUniform(weights.subarray(offset, offset + size), -0.1, 0.1, stream(SEED, 'bias', name))
  const whole = { architecture: net, weights, statistics: freshStatistics(net), mask: undefined }
  const random = stream(SEED, 'board images')
  const split = {
    count: 64,
    images: Uint8Array.from({ length: 64 * 28 * 28 }, () => random.int(256)),
    labels: new Uint16Array(64),
  }
  const data = { name: 'noise', origin: 'synthetic', classes: 10, shape: net.input, train: split, test: split }
  const pruned = (rate) => {
    const mask = maskOf(net, weights, pruningTask('board', net, 'irregular', rate, []))
    return { ...whole, weights: weights.map((value, i) => (mask[i] === 1 ? value : 0)) }
  }
  const count = (number) => number.toLocaleString('en')
  const rows = ['.c', '.int8.c'].flatMap((ending) => {
    const dense = measured(ending, whole, data)
    return [
      ['dense', dense],
      ['4×', measured(ending, pruned(4), data)],
      ['16×', measured(ending, pruned(16), data)],
    ].map(([title, own]) => [
      `\`${ending}\`, ${title}`,
      count(own.flash),
      count(own.scratch),
      count(own.instructions),
      `${(dense.instructions / own.instructions).toFixed(2)}×`,
    ])
  })
  return `\`mnistNet\` (166,406 parameters) as C, dense and irregularly pruned by magnitude:

${table(['file', 'flash, bytes', 'scratch, bytes', 'instructions per image', 'fewer than dense'], rows)}

- Flash: code and constants by \`arm-none-eabi-size\`, without the self-test and without C's library. The image is not in the scratch memory.
- \`arm-none-eabi-gcc -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -Os\`. Instructions: one image on qemu's \`mps2-an386\` with \`-icount\`, to within ${TICK}. The emulator counts instructions, not cycles.
- Weights and images are random. \`exportModel\` shrinks: at 16×, hidden units go that no kept weight reads, which is a part of what is saved.`
}
