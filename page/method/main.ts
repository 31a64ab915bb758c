import { element } from '../element.js'
import { admmPicture } from './admmPicture.js'
import { bottleneckPicture } from './bottleneckPicture.js'
import { distillationPicture } from './distillation.js'
import { loadEngine } from './engine.js'
import { masksPicture } from './masks.js'

const pictures = {
  distillation: distillationPicture,
  bottleneck: bottleneckPicture,
  admm: admmPicture,
  masks: masksPicture,
}

const problem = (reason: unknown): HTMLElement =>
  element('p', { role: 'alert', class: 'problem' }, `This picture can't be computed in this browser: ${String(reason)}`)

const fill = (id: string, make: () => HTMLElement): void => document.getElementById(id)?.replaceChildren(make())

loadEngine().then(
  () => {
    for (const [id, make] of Object.entries(pictures)) fill(id, make)
  },
  (reason: unknown) => {
    for (const id of Object.keys(pictures)) fill(id, () => problem(reason))
  },
)
