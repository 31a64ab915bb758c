import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { latexText } from '../../../src/report/study/latex.js'
import type { StudyRow } from '../../../src/report/study/study.js'
import { studyTex } from '../../../src/report/study/studyTex.js'

const row = (method: string, rate: number, robust: number, deviation?: number): StudyRow => ({
  params: { method, rate },
  seeds: deviation === undefined ? 1 : 3,
  clean: { mean: 0.9, deviation },
  attacks: { apgd_ce: { mean: robust, deviation } },
  sparsity: undefined,
  flops: undefined,
  secondsPerEpoch: undefined,
  trainingSeconds: undefined,
  speedUp: undefined,
})

const study = { method: 'method', across: 'rate' }

describe('the table of a study in LaTeX', () => {
  test('has the best of each rate in bold, ± and a caption', () => {
    const rows = [
      row('teacher', 1, 0.8),
      row('pwoa', 4, 0.5, 0.01),
      row('r&d', 4, 0.7, 0.02),
      row('pwoa', 8, 0.6, 0.01),
    ]
    expect(studyTex(rows, study, 'On MNIST_2, ε = 0.3, 100 % of it.')).toBe(`% Needs \\usepackage{booktabs}.
\\begin{table}
  \\centering
  \\caption{On MNIST\\_2, $\\epsilon$ = 0.3, 100 \\% of it.}
  \\begin{tabular}{lrrrr}
    \\toprule
    method & rate & seeds & clean & apgd\\_ce \\\\
    \\midrule
    teacher & 1 & 1 & 90.0 \\% & 80.0 \\% \\\\
    pwoa & 4 & 3 & \\textbf{90.0 $\\pm$ 1.0 \\%} & 50.0 $\\pm$ 1.0 \\% \\\\
    r\\&d & 4 & 3 & \\textbf{90.0 $\\pm$ 2.0 \\%} & \\textbf{70.0 $\\pm$ 2.0 \\%} \\\\
    pwoa & 8 & 3 & 90.0 $\\pm$ 1.0 \\% & 60.0 $\\pm$ 1.0 \\% \\\\
    \\bottomrule
  \\end{tabular}
\\end{table}
`)
  })

  test('prints every text: nothing in it is a command, a comment or the end of a cell', () => {
    const dangerous = fc.string({ unit: fc.constantFrom(...'\\{}#$%&_~^ab\n'), maxLength: 12 })
    fc.assert(
      fc.property(dangerous, (text) => {
        const left = latexText(text)
          .replace(/\\(textbackslash|textasciitilde|textasciicircum)\{\}/g, '')
          .replace(/\\[{}#$%&_]/g, '')
        expect(left).toMatch(/^[ab ]*$/)
      }),
      { seed: 1 },
    )
  })
})
