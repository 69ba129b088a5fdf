import { randomBytes } from 'node:crypto'
import { unlinkSync } from 'node:fs'
import { open, rm, stat, statfs } from 'node:fs/promises'
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
  #holding: Promise<boolean> | undefined

  /** @param path of the database file. */
  constructor(path: string) {
    this.#path = `${path}-reserve`
  }

  /** Whether there is a reserve now; another process may have taken it. */
  hold(): Promise<boolean> {
    return (this.#holding ??= this.#take().finally(() => {
      this.#holding = undefined
    }))
  }

  /** Gives the room up. False when there was none. */
  release(): boolean {
    try {
      unlinkSync(this.#path)
      return true
    } catch {
      return false
    }
  }

  async settled(): Promise<void> {
    await this.#holding
  }

  async #take(): Promise<boolean> {
    try {
      // To try without room would fill the disk for a moment.
      const { bavail, bsize } = await statfs(dirname(this.#path))
      if (bavail * bsize < 2 * reserveBytes && !(await this.#isThere())) return false
      const file = await open(this.#path, 'wx')
      try {
        // A file system may store zeros in no room at all.
        const chunk = await promisify(randomBytes)(chunkBytes)
        for (let count = 0; count < chunks; count++) await file.write(chunk)
        await file.datasync()
      } finally {
        await file.close()
      }
      // A delete may have given it up meanwhile.
      return await this.#isThere()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return true
      await rm(this.#path).catch(() => {})
      return false
    }
  }

  async #isThere(): Promise<boolean> {
    return stat(this.#path).then(
      () => true,
      () => false,
    )
  }
}
