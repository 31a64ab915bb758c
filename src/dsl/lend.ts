import { Observable } from 'rxjs'
import { traced } from './kit/traced.js'

/** A value on loan, and the function that frees it after it was handed back. */
export interface Loan<T> {
  readonly value: T
  /** Frees what the value needs, such as its tensors. Called once. */
  readonly free: () => void
}

/** Counts the holders of one loan, which ends when the last holder lets go. */
export interface Lease {
  readonly hold: () => () => void
  /** Whether the loan has ended, so that a late read can be refused. */
  readonly over: () => boolean
}

/**
 * A source that lends: RxJS has no backpressure, so the next value is made only after the last one was handed back.
 * A value is handed back when `next` has returned and nothing holds it. Between two values the event loop turns once,
 * so timers, signals and unsubscription are processed. The stream ends when `make` returns undefined.
 *
 * @param make makes the i-th value, i from 0; the lease lets readers check whether the loan has ended
 */
export const lend = <T>(make: (index: number, lease: Lease) => Loan<T> | undefined): Observable<T> =>
  new Observable((subscriber) => {
    let current: { handBack: () => void } | undefined
    let timer: NodeJS.Immediate | undefined

    const lendNext = (index: number): void => {
      let holders = 1
      let over = false
      let loan: Loan<T> | undefined
      const end = (): void => {
        if (over) return
        over = true
        current = undefined
        loan?.free()
      }
      const letGo = (): void => {
        holders -= 1
        if (holders > 0 || over) return
        end()
        if (!subscriber.closed) timer = setImmediate(lendNext, index + 1)
      }
      const lease: Lease = {
        over: () => over,
        hold: () => {
          holders += 1
          let held = true
          return () => {
            if (held) letGo()
            held = false
          }
        },
      }
      try {
        loan = make(index, lease)
      } catch (error) {
        subscriber.error(error)
        return
      }
      if (!loan) {
        subscriber.complete()
        return
      }
      current = { handBack: end }
      const { value } = loan
      traced('stream', () => subscriber.next(value))
      letGo()
    }

    timer = setImmediate(lendNext, 0)
    return () => {
      clearImmediate(timer)
      // A subscriber that unsubscribes during `next` (take, takeWhile) still reads the value: the synchronous part
      // hands it back when it returns. If a holder was waiting, nothing else hands it back.
      setImmediate(() => current?.handBack())
    }
  })
