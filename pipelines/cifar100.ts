import { pruneCifar } from './cifar10.js'

/** As `cifar10.ts`, with the paper's settings for CIFAR-100. */
export default pruneCifar('cifar100')
