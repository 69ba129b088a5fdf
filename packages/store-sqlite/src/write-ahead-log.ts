import { type FileHandle, open } from 'node:fs/promises'

/** A connection whose work is done by another thread. */
export interface Background {
  exec(sql: string): Promise<unknown>
  close(): unknown
}

export interface WriteAheadLogOptions {
  /** Of the file whose log it is. */
  readonly path: string
  /** Whether commits are to survive the loss of power. */
  readonly isDurable: boolean
  readonly background: Background
}

// About as much as SQLite lets a log grow by itself.
const maxLogBytes = 4 * 1024 * 1024
// Four pages: of the session, of its log, of the index of its log, and one more in some commits.
const commitBytes = 4 * 4096

/**
 * The log beside a file, in which every commit is before it is in the file. What waits for the disk is done off the event
 * loop: the flush that makes commits durable, which all that come meanwhile share, and the moving of the log into the file.
 */
export class WriteAheadLog {
  readonly #options: WriteAheadLogOptions
  #file: Promise<FileHandle> | undefined
  #flushing: Promise<void> | undefined
  #nextFlush: Promise<void> | undefined
  #moving: Promise<void> | undefined
  #bytes = 0
  #textLength = 0

  constructor(options: WriteAheadLogOptions) {
    this.#options = options
  }

  /**
   * Told of a commit, and how much text its connection has written so far. Settles when all commits until now are as
   * durable as they are to be.
   */
  committed(textLength: number): Promise<void> | undefined {
    this.#bytes += commitBytes + textLength - this.#textLength
    this.#textLength = textLength
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
    await this.#nextFlush?.catch(() => {})
    await (await this.#file?.catch(() => undefined))?.close()
    // So that the file alone is all there is, for whoever copies it.
    await this.#quietly('pragma wal_checkpoint(truncate)')
    this.#options.background.close()
  }

  /** One that has begun may have begun before the newest commits. */
  async #flush(before: Promise<void> | undefined): Promise<void> {
    await before?.catch(() => {})
    this.#flushing = this.#nextFlush
    this.#nextFlush = undefined
    this.#file ??= open(`${this.#options.path}-wal`, 'r+')
    await (await this.#file).datasync()
  }

  /** First most of it, while others read and write; then what they wrote meanwhile, while writers wait for their turn. */
  async #move(): Promise<void> {
    await this.#quietly('pragma wal_checkpoint(passive)')
    await this.#quietly('pragma wal_checkpoint(restart)')
  }

  // Where another process is in the way, or the disk is full, the log stays as it is, and grows.
  async #quietly(sql: string): Promise<void> {
    await this.#options.background.exec(sql).catch(() => {})
  }
}
