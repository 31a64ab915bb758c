import { describe, expect, test } from 'vitest'
import { saveSchedule } from '../../../src/runtime/storage/saveSchedule.js'

const at = (step: number, evaluated = 0) => ({ step, evaluated })

describe('a run is saved', () => {
  test('with each new checkpoint', () => {
    const schedule = saveSchedule(1, () => 0)
    expect(schedule.isDue(at(0), undefined)).toBe(false)
    expect(schedule.isDue(at(6), undefined)).toBe(true)
    expect(schedule.isDue(at(6), at(6))).toBe(false)
    expect(schedule.isDue(at(12), at(6))).toBe(true)
  })

  test('every minute during an evaluation that makes progress', () => {
    let time = 0
    const schedule = saveSchedule(1, () => time)
    time = 59.9
    expect(schedule.isDue(at(6, 100), at(6))).toBe(false)
    time = 60
    expect(schedule.isDue(at(6, 100), at(6))).toBe(true)
    expect(schedule.isDue(at(6, 100), at(6, 100))).toBe(false)
    schedule.took(0.5)
    expect(schedule.isDue(at(6, 200), at(6, 100))).toBe(false)
  })

  test('in at most its share of the time, except for the first save', () => {
    let time = 0
    const schedule = saveSchedule(0.02, () => time)
    expect(schedule.isDue(at(6), undefined)).toBe(true)
    time = 10
    schedule.took(2)
    expect(schedule.isDue(at(12), at(6))).toBe(false)
    time = 99.9
    expect(schedule.isDue(at(12), at(6))).toBe(false)
    time = 100
    expect(schedule.isDue(at(12), at(6))).toBe(true)
  })
})
