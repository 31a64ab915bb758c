import type * as t from 'io-ts'
import { wordCodec } from '../kit/codecOf.js'

/** The engines by name; `auto`: `tensorflow` if it loads, else `wasm`. */
export const engineChoices = ['auto', 'tensorflow', 'wasm'] as const

/** An engine by name, or `auto`. */
export type EngineChoice = (typeof engineChoices)[number]

/** The codec of {@link EngineChoice}. */
export const EngineChoice: t.Type<EngineChoice> = wordCodec(`one of ${engineChoices.join(', ')}`, engineChoices)
