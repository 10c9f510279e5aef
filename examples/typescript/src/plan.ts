import type { Clock } from './calls.js'

/** When to poll: the pauses between polls, which grow. */
export interface Poll {
  first: number
  factor: number
  longest: number
}

/** The pauses of one wait. */
export class Plan {
  readonly #poll: Poll
  #next: number

  constructor(poll: Poll) {
    this.#poll = poll
    this.#next = poll.first
  }

  next(): number {
    const pause = this.#next
    this.#next = Math.min(pause * this.#poll.factor, this.#poll.longest)
    return pause
  }

  /** The end is near: short pauses again. */
  reset() {
    this.#next = this.#poll.first
  }
}

/** How often, and for how long, polls in a row have said the same. */
export class Streak {
  readonly #clock: Clock
  #since = 0
  count = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Counts a poll; one that says something else ends the streak. Tells whether it goes on. */
  goesOn(same: boolean): boolean {
    if (!same) this.count = 0
    else if (this.count++ === 0) this.#since = this.#clock.now()
    return same
  }

  get lasts(): number {
    return this.count ? this.#clock.now() - this.#since : 0
  }
}
