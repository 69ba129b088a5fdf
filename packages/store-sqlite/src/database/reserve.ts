import { randomBytes } from 'node:crypto'
import { existsSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { open, rm, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

const chunkBytes = 1024 * 1024
// As much as the log may have that is not in the file yet, and some more for what is deleted.
const chunks = 5

/** How large a file is before its deletes have a reserve. */
export const reserveBytes = chunks * chunkBytes

/**
 * Room for deletes on a disk that is full: a file that is given up for them. SQLite writes before it deletes, and a full
 * disk keeps it from moving its log into the database, so it could not use the room of the log again.
 */
export class Reserve {
  readonly #path: string
  /** There is such a file, without any content, while the reserve is given up. */
  readonly #used: string
  #holding: Promise<boolean> | undefined

  /** @param path of the database file. */
  constructor(path: string) {
    this.#path = `${path}-reserve`
    this.#used = `${this.#path}-used`
  }

  /** Whether there is a reserve now; another process may have taken it. */
  hold(): Promise<boolean> {
    return (this.#holding ??= this.#take().finally(() => {
      this.#holding = undefined
    }))
  }

  /** Gives the room up, and leaves a word of it to all processes. False when there was none. */
  release(): boolean {
    try {
      renameSync(this.#path, this.#used)
    } catch {
      // A process may have ended between the two steps.
      if ((statSync(this.#used, { throwIfNoEntry: false })?.size ?? 0) === 0) return false
    }
    try {
      truncateSync(this.#used)
      return true
    } catch {
      return false
    }
  }

  /** Whether a process has given it up, and none has taken it again: the room is for deletes. */
  isUsed(): boolean {
    return existsSync(this.#used)
  }

  /** Whether there is a reserve again, whichever process has made it. */
  isBack(): boolean {
    return existsSync(this.#path) && !this.isUsed()
  }

  async settled(): Promise<void> {
    await this.#holding
  }

  async #take(): Promise<boolean> {
    try {
      // To try without room would fill the disk for a moment, or take the room that a delete was given.
      const { bavail, bsize } = await statfs(dirname(this.#path))
      if (bavail * bsize < 2 * reserveBytes) return existsSync(this.#path) && this.#isMade()
      const file = await open(this.#path, 'wx')
      try {
        // A file system may store zeros in no room at all.
        const chunk = await promisify(randomBytes)(chunkBytes)
        for (let count = 0; count < chunks; count++) await file.write(chunk)
        await file.datasync()
      } finally {
        await file.close()
      }
      return this.#isMade()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return this.#isMade()
      await rm(this.#path).catch(() => {})
      return false
    }
  }

  /** Takes the word back that it is given up, unless a delete has given it up meanwhile. */
  #isMade(): boolean {
    try {
      // In this order no word of another process is lost that comes in between; of this process none comes.
      rmSync(this.#used, { force: true })
      if (existsSync(this.#path)) return true
      writeFileSync(this.#used, '')
    } catch {
      // The directory takes no changes.
    }
    return false
  }
}
