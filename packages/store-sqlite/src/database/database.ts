import { SessionError, setDeadline } from '@sessions/core/store'
import type { Connection } from './connection.js'
import { isBusy, isFull, toSessionError } from './errors.js'
import type { FileClock } from './file-clock.js'
import type { Reserve } from './reserve.js'
import { atOnce, oneByOne, type Steps } from './steps.js'
import { busy, Turns } from './turns.js'
import type { WriteAheadLog } from './write-ahead-log.js'

/** A database to work on. */
export interface Open {
  readonly connection: Connection
  /** Whether the application has opened it. */
  readonly isLent?: boolean
  /** The log of a file that the store has opened. */
  readonly log?: WriteAheadLog | undefined
  /** Room for deletes when the disk of such a file is full. */
  readonly reserve?: Reserve | undefined
  /** A second connection to such a file. What it has not committed, the first one does not see. */
  readonly second?: (() => Connection) | undefined
}

/** Where the database comes from: at once, or once the file is open. The source rejects with a `SessionError`. */
export type OpenSource = (until: number) => Open | Promise<Open>

/** The work of one transaction, at the moment `now` of the file's clock. It does not wait for anything. */
export type Work<T> = (connection: Connection, now: number) => T

// SQLite allows a file no more.
const maxPages = 4_294_967_294

/** Runs transactions, one after the other, within deadlines; rejects with a `SessionError`. */
export class Database {
  readonly #source: OpenSource
  readonly #clock: FileClock
  readonly #reads = new Turns()
  readonly #writes = new Turns()
  #isCapped = false

  constructor(source: OpenSource, clock: FileClock) {
    this.#source = source
    this.#clock = clock
  }

  /** Settles by `until`, by `performance.now()`. */
  async read<T>(until: number, work: Work<T>): Promise<T> {
    const source = this.#source(until)
    const { connection } = source instanceof Promise ? await source : source
    return this.#reads.take(until, () => this.#attempt(connection, 'begin', work))
  }

  /** Applies all or nothing of `work`, and settles by `until`; the change is durable then. */
  write<T>(until: number, work: Work<T>): Promise<T> {
    return this.#write(until, work, false)
  }

  /** As `write`, for work that deletes: on a full disk it may use the reserve of the file. */
  delete<T>(until: number, work: Work<T>): Promise<T> {
    return this.#write(until, work, true)
  }

  async #write<T>(until: number, work: Work<T>, deletes: boolean): Promise<T> {
    const source = this.#source(until)
    const open = source instanceof Promise ? await source : source
    const { connection, log } = open
    const result = await this.#writes.take(until, () => {
      this.#keepSize(open)
      try {
        return this.#attemptWrite(connection, work)
      } catch (error) {
        if (!isFull(error)) throw error
        if (!deletes) this.#askForRoom(open)
        if (!deletes || !this.#useReserve(open)) throw error
        return this.#attemptWrite(connection, work)
      }
    })
    const flushed = log?.committed(connection.takeTextLength())
    if (flushed !== undefined) await within(until, flushed)
    return result
  }

  /**
   * As `write`. When the work `isLong`, others have their turns between its steps, and see nothing of it before it is
   * done. In a database of the application, whose own statements could come in between, it is done at once all the
   * same.
   */
  async writeInSteps<T>(until: number, steps: Steps<T>, isLong: boolean): Promise<T> {
    const whole: Work<T> = (...args) => atOnce(steps(...args))
    if (!isLong) return this.write(until, whole)
    const open = await this.#source(until)
    const { connection, log, second } = open
    this.#keepSize(open)
    if (second === undefined || this.#isCapped) return this.write(until, whole)
    const other = second()
    const result = await this.#inSteps(until, other, steps).catch(async (error: unknown) => {
      if (!isFull(error)) throw error
      await this.#writes.take(until, () => (hasMadeRoom(connection) ? undefined : busy))
      return this.#inSteps(until, other, steps)
    })
    const flushed = log?.committed(other.takeTextLength())
    if (flushed !== undefined) await within(until, flushed)
    return result
  }

  async #inSteps<T>(until: number, connection: Connection, steps: Steps<T>): Promise<T> {
    await this.#writes.take(until, () => {
      try {
        connection.exec('begin immediate')
      } catch (error) {
        if (isBusy(error)) return busy
        throw toSessionError(error)
      }
    })
    let isDone = false
    try {
      const result = await oneByOne(until, steps(connection, this.#clock.now(connection, true)))
      isDone = true
      connection.exec('commit')
      return result
    } catch (error) {
      connection.rollback()
      throw toSessionError(error, { unknown: isDone })
    }
  }

  /**
   * Gives up the reserve, so that the log can move into the file. Until there is a reserve again, the file does not grow:
   * other writes have only the room that deletes leave, and the next delete has room, too.
   */
  #useReserve({ connection, reserve }: Open): boolean {
    if (reserve?.release() !== true) return false
    this.#isCapped = true
    hasMadeRoom(connection)
    keepSize(connection)
    return true
  }

  /** Keeps the file from growing while the reserve is given up: the room is for the deletes of all processes. */
  #keepSize({ connection, reserve }: Open): void {
    if (this.#isCapped) {
      // Another process has found room.
      if (reserve?.isBack() === true) this.#grow(connection)
    } else if (reserve?.isUsed() === true) {
      this.#isCapped = true
      keepSize(connection)
    }
  }

  #grow(connection: Connection): void {
    connection.all(`pragma max_page_count = ${maxPages}`)
    this.#isCapped = false
  }

  /** Lets the file grow again once there is room for a reserve. */
  #askForRoom({ connection, reserve }: Open): void {
    if (!this.#isCapped) return
    // When the store was closed meanwhile, nothing is left to grow.
    reserve!
      .hold()
      .then((isHeld) => isHeld && this.#grow(connection))
      .catch(() => {})
  }

  #attemptWrite<T>(connection: Connection, work: Work<T>): T | typeof busy {
    try {
      return this.#attempt(connection, 'begin immediate', work)
    } catch (error) {
      if (!isFull(error)) throw error
      // When the commits in the log move into the file, the log may have room again.
      if (!hasMadeRoom(connection)) return busy
      return this.#attempt(connection, 'begin immediate', work)
    }
  }

  #attempt<T>(connection: Connection, begin: 'begin' | 'begin immediate', work: Work<T>): T | typeof busy {
    const writes = begin === 'begin immediate'
    let isDone = false
    try {
      return connection.transaction(begin, () => {
        const result = work(connection, this.#clock.now(connection, writes))
        isDone = true
        return result
      })
    } catch (error) {
      if (isBusy(error)) return busy
      throw toSessionError(error, { unknown: writes && isDone })
    }
  }
}

function keepSize(connection: Connection): void {
  // SQLite takes this for the present size.
  connection.all('pragma max_page_count = 1')
}

/** Moves the log into the file. False while somebody else does, who may have made the room in a moment. */
function hasMadeRoom(connection: Connection): boolean {
  try {
    const [row] = connection.all('pragma wal_checkpoint(passive)')
    return Number(row?.['busy']) !== 1
  } catch {
    // The second try gives the error.
    return true
  }
}

/** Settles as the flush does. @throws `unknown_outcome` when it fails, or is not done by `until`. */
function within(until: number, flushed: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause?: unknown) =>
      reject(new SessionError('unknown_outcome', 'the disk has not said that it holds a commit', { cause }))
    const stop = setDeadline(until - performance.now(), fail)
    flushed.then(resolve, fail).finally(stop)
  })
}
