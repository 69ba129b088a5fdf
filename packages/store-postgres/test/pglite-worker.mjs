// A Postgres in a thread of its own: its clock is that of the thread, which a test that changes `Date` does not reach.
import { parentPort } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'

const database = await PGlite.create()

async function answer({ n, sql, parameters }) {
  try {
    const { rows } = await database.query(sql, parameters)
    parentPort.postMessage({ n, rows })
  } catch ({ message, code, severity }) {
    parentPort.postMessage({ n, error: { message, code, severity } })
  }
}

parentPort.on('message', (asked) => void answer(asked))
parentPort.postMessage({ n: 0, rows: [] })
