import { pruneCifar } from './cifar10.js'

/** PwoA on CIFAR-100, with the paper's settings: prunes a robust network without attacks. */
export default pruneCifar('cifar100')
