import { refuse } from './refusal.js'

/** Memory for the largest network that a small file may hold, in bytes: 134 million float32 numbers. */
const LEAST_BYTES = 2 ** 29
/** Bytes of memory for each byte of the file: 8-bit numbers become float32. */
const BYTES_PER_BYTE = 4
/** Steps for that network. */
const LEAST_STEPS = 2 ** 27
/** Steps for each byte of the file. */
const STEPS_PER_BYTE = 16

/** What a {@link ReadBudget} may be given besides the size of the file. */
export interface BudgetOptions {
  /**
   * How many times the usual budget.
   * @default 1
   */
  readonly times?: number
  /**
   * Bytes of memory for each byte of the file.
   * @default 4
   */
  readonly bytesPerByte?: number
  /** The option of the caller that raises `times`, for errors. */
  readonly option?: string
}

/** What was spent, and how much may be. */
export interface Spent {
  /** Bytes that were allocated in all, whether or not they were freed. */
  readonly bytes: number
  /** Values that were made, looked at or moved, in units of about 10 ns. */
  readonly steps: number
  readonly mostBytes: number
  readonly mostSteps: number
}

/**
 * What reading a file may cost, so that no file stops the process: 512 MiB of memory and 4 bytes for each byte of the
 * file, 2²⁷ steps and 16 for each byte. A reader counts before it allocates or loops, so that a file which declares more
 * than it holds is refused at once. Counted are the parts that a file can make large; small constants are left out.
 */
export class ReadBudget {
  #fileBytes = 0
  #bytes = 0
  #steps = 0
  #mostBytes = 0
  #mostSteps = 0
  readonly #times: number
  readonly #bytesPerByte: number
  readonly #option: string | undefined

  /** @param fileBytes size of the file in bytes */
  constructor(fileBytes: number, { times = 1, bytesPerByte = BYTES_PER_BYTE, option }: BudgetOptions = {}) {
    this.#times = times
    this.#bytesPerByte = bytesPerByte
    this.#option = option
    this.addFile(fileBytes)
  }

  /** What was spent so far. */
  get spent(): Spent {
    return { bytes: this.#bytes, steps: this.#steps, mostBytes: this.#mostBytes, mostSteps: this.#mostSteps }
  }

  /** Bytes that may still be allocated. */
  get bytesLeft(): number {
    return this.#mostBytes - this.#bytes
  }

  /** Adds a file that belongs to the first one, such as external data: it allows as much as a larger first file. */
  addFile(fileBytes: number): void {
    this.#fileBytes += fileBytes
    this.#mostBytes = this.#times * (LEAST_BYTES + this.#bytesPerByte * this.#fileBytes)
    this.#mostSteps = this.#times * (LEAST_STEPS + STEPS_PER_BYTE * this.#fileBytes)
  }

  /**
   * Counts memory before it is allocated.
   *
   * @param bytes of all that is allocated: numbers, texts, objects
   * @param what it is for, for the error
   * @throws Refusal if it is more than what is left
   */
  allocate(bytes: number, what: string): void {
    this.check(bytes, what)
    this.#bytes += bytes
  }

  /** The same without counting. */
  check(bytes: number, what: string): void {
    const all = this.#bytes + bytes
    // A size that is not a number is over the budget, too.
    if (!(all <= this.#mostBytes))
      this.#refuse(`${inMiB(this.#mostBytes)} of memory`, inMiB(all), what, all / this.#mostBytes)
  }

  /**
   * Counts work before it is done.
   *
   * @param steps values that are made, looked at or moved
   * @param what it is for, for the error
   * @throws Refusal if it is more than what is left
   */
  work(steps: number, what: string): void {
    this.#steps += steps
    if (!(this.#steps <= this.#mostSteps))
      this.#refuse(`${this.#mostSteps} steps`, `${this.#steps}`, what, this.#steps / this.#mostSteps)
  }

  #refuse(most: string, needed: string, what: string, excess: number): never {
    const option = this.#option
    return refuse(
      `a file of ${this.#fileBytes} bytes that is read with at most ${most}`,
      `one that needs ${needed} or more, for ${what}`,
      option &&
        `If you trust the file, allow more: ${option}: ${enough(this.#times * excess)}, times the usual budget.`,
    )
  }
}

const inMiB = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`

/** The next power of two above a factor. */
const enough = (factor: number): number => 2 ** (Math.floor(Math.log2(factor)) + 1)
