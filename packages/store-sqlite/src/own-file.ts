import { SessionError } from '@sessions/core/store'
import { Connection } from './connection.js'
import { migrateConnection } from './migrate.js'
import { openFile, type Synchronous } from './open-file.js'
import type { TableNames } from './schema.js'

/** A file that is opened, and given its tables, when it is first asked for; again after a failure. */
export class OwnFile {
  readonly #path: string
  readonly #names: TableNames
  readonly #synchronous: Synchronous | undefined
  #connection: Connection | undefined
  #opening: Promise<Connection> | undefined
  #isClosed = false

  constructor(path: string, names: TableNames, synchronous: Synchronous | undefined) {
    this.#path = path
    this.#names = names
    this.#synchronous = synchronous
  }

  connection(until: number): Connection | Promise<Connection> {
    if (this.#connection !== undefined) return this.#connection
    if (this.#isClosed) throw new SessionError('unavailable', 'the store is closed')
    return (this.#opening ??= this.#open(until).finally(() => {
      this.#opening = undefined
    }))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    // Nobody is left to hear of a failure to open.
    await this.#opening?.catch(() => {})
    this.#connection?.close()
    this.#connection = undefined
  }

  async #open(until: number): Promise<Connection> {
    const connection = new Connection(await openFile(this.#path, until, this.#synchronous))
    try {
      await migrateConnection(connection, this.#names, until)
    } catch (error) {
      connection.close()
      throw error
    }
    this.#connection = connection
    return connection
  }
}
