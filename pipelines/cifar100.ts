import { cifar100 } from 'pwoa'
import { pruneCifar } from './cifar10.js'

/** As `cifar10.ts`, with the paper's settings for CIFAR-100. */
export default pruneCifar({ name: 'cifar100', data: cifar100, classes: 100, alpha: 100, lambdaX: 5e-7, lambdaY: 2e-6 })
