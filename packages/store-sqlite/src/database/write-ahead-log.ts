import { SessionError } from '@sessions/core/store'
import { close, fdatasync, open, statSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Reserve } from './reserve.js'

/** A connection whose work is done by another thread. */
export interface Background {
  exec(sql: string): Promise<unknown>
  close(): unknown
}

export interface WriteAheadLogOptions {
  /** The path of the file that the log belongs to. */
  readonly path: string
  /** Which file that is, as `fileAt` says. */
  readonly file: string | undefined
  /** Whether commits are to survive the loss of power. */
  readonly isDurable: boolean
  readonly background: Background
  /** Taken when the file has become large. */
  readonly reserve: Reserve
}

// SQLite itself lets a log grow about as much.
const maxLogBytes = 4 * 1024 * 1024
// A commit writes four pages: one of the session, one of its log, one of the index of its log, and sometimes one more.
const commitBytes = 4 * 4096

/**
 * Which file is at a path now; undefined when none is. The event loop waits for it: that takes some microseconds, and
 * SQLite itself asks the file system on the event loop. By a thread it took a fifth of an append.
 */
export function fileAt(path: string): string | undefined {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false })
    return found && `${found.dev} ${found.ino}`
  } catch {
    return undefined
  }
}

const replaced = (path: string): string =>
  `${path} was removed or replaced while it is open: restart the process`

const flushToDisk = promisify(fdatasync)

// Node ends a process that lets go of an open `FileHandle`, and an application may let go of a store.
const descriptors = new FinalizationRegistry<number>((descriptor) => close(descriptor, () => {}))

/**
 * The log beside a file. Every commit is in the log before it is in the file. Two things wait for the disk, and run off
 * the event loop: the flush that makes commits durable, which all commits that come meanwhile share, and the moving of
 * the log into the file.
 */
export class WriteAheadLog {
  readonly #options: WriteAheadLogOptions
  #descriptor: Promise<number> | undefined
  #flushing: Promise<void> | undefined
  #nextFlush: Promise<void> | undefined
  #moving: Promise<void> | undefined
  #bytes = 0
  /** Which file the log was when its first commit was flushed. */
  #log: string | undefined
  #isGone = false

  constructor(options: WriteAheadLogOptions) {
    this.#options = options
  }

  /** @throws `unavailable` when the log was found to be removed or replaced: others then write to another one. */
  check(): void {
    if (this.#isGone) throw new SessionError('unavailable', replaced(`${this.#options.path}-wal`))
  }

  /**
   * Takes note of a commit, and of how much text it has written. Settles when all commits until now are as durable as
   * they have to be.
   */
  committed(textLength: number): Promise<void> | undefined {
    this.#bytes += commitBytes + textLength
    if (this.#bytes >= maxLogBytes && this.#moving === undefined) {
      this.#bytes = 0
      this.#moving = this.#move().finally(() => {
        this.#moving = undefined
      })
    }
    return this.#options.isDurable ? (this.#nextFlush ??= this.#flush(this.#flushing)) : undefined
  }

  async close(): Promise<void> {
    await this.#moving
    await this.#options.reserve.settled()
    await (this.#nextFlush ?? this.#flushing)?.catch(() => {})
    const descriptor = await this.#descriptor?.catch(() => undefined)
    if (descriptor !== undefined) {
      descriptors.unregister(this)
      await promisify(close)(descriptor)
    }
    // The file alone then has everything, for those who copy it. A log that others do not see would damage it.
    if (!this.#isGone) await this.#quietly('pragma wal_checkpoint(truncate)')
    this.#options.background.close()
  }

  /** A flush that has begun may have begun before the newest commits, so they need the next one. */
  async #flush(before: Promise<void> | undefined): Promise<void> {
    await before?.catch(() => {})
    this.#flushing = this.#nextFlush
    this.#nextFlush = undefined
    this.#descriptor ??= this.#open()
    const { path, file } = this.#options
    await flushToDisk(await this.#descriptor)
    // SQLite goes on with files that nobody finds any more, and all that is written to them is lost at the end.
    if (fileAt(path) !== file) throw new Error(replaced(path))
    if (fileAt(`${path}-wal`) === this.#log) return
    // What only the log has still gets into the file, as long as nobody has begun another log.
    if (!this.#isGone) await this.#quietly('pragma wal_checkpoint(passive)')
    this.#isGone = true
    throw new Error(replaced(`${path}-wal`))
  }

  async #open(): Promise<number> {
    const descriptor = await promisify(open)(`${this.#options.path}-wal`, 'r+')
    descriptors.register(this, descriptor, this)
    this.#log = fileAt(`${this.#options.path}-wal`)
    return descriptor
  }

  /** Moves most of the log while others read and write. Then it moves what they wrote meanwhile, while writers wait. */
  async #move(): Promise<void> {
    // While a slow disk moves the log, commits could use up the room for a reserve.
    const holding = this.#options.reserve.hold()
    await this.#quietly('pragma wal_checkpoint(passive)')
    await this.#quietly('pragma wal_checkpoint(restart)')
    await holding
  }

  // When another process is in the way, or the disk is full, the log stays as it is, and grows.
  async #quietly(sql: string): Promise<void> {
    await this.#options.background.exec(sql).catch(() => {})
  }
}
