import { SessionError } from '@sessions/core/store'
import { Connection } from './connection.js'
import type { Open } from './database.js'
import { migrateConnection } from '../schema/migrate.js'
import { openFile, type Synchronous, toLasting } from './open-file.js'
import type { TableNames } from '../schema/schema.js'

/**
 * A file that the store opens, and gives its tables, when a call first needs it. After a failure the next call tries
 * again.
 */
export class OwnFile {
  readonly #path: string
  readonly #names: TableNames
  readonly #synchronous: Synchronous
  #open: Open | undefined
  #opening: Promise<Open> | undefined
  #second: Connection | undefined
  #isClosed = false

  constructor(path: string, names: TableNames, synchronous: Synchronous) {
    this.#path = toLasting(path)
    this.#names = names
    this.#synchronous = synchronous
  }

  open(until: number): Open | Promise<Open> {
    if (this.#open !== undefined) {
      this.#open.log?.check()
      return this.#open
    }
    if (this.#isClosed) throw new SessionError('unavailable', 'the store is closed')
    return (this.#opening ??= this.#begin(until).finally(() => {
      this.#opening = undefined
    }))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    // No caller is left to hear that the file could not be opened.
    await this.#opening?.catch(() => {})
    const open = this.#open
    this.#open = undefined
    this.#second?.close()
    open?.connection.close()
    await open?.log?.close()
  }

  async #begin(until: number): Promise<Open> {
    const { database, log, reserve, openAgain } = await openFile(this.#path, until, this.#synchronous)
    const connection = new Connection(database)
    try {
      await migrateConnection(connection, this.#names, until)
    } catch (error) {
      connection.close()
      await log?.close()
      throw error
    }
    const second = openAgain && (() => (this.#second ??= new Connection(openAgain())))
    return (this.#open = { connection, log, reserve, second })
  }
}
