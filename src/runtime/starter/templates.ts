/** The starter projects, each with a line that says what it is for. */
export const templates = {
  quickstart: 'prunes a small robust network on drawn digits',
  cifar: 'prunes a public CIFAR-10 network',
  images: 'trains and prunes a network on pictures of your own',
  sweep: 'several rates and seeds, in one table',
  device: 'removes filters, and writes ONNX files for a device',
} as const

/** The name of a starter project. */
export type TemplateName = keyof typeof templates

/** Their names. */
export const templateNames = Object.keys(templates) as readonly TemplateName[]
