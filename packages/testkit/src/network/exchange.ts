import { connect } from 'node:net'
import { patienceMs } from '../wait-until.js'

/** Where a server listens. */
export interface Endpoint {
  host: string
  port: number
}

/** One short conversation over TCP. */
export interface ExchangeOptions<T> {
  /** The bytes to open with. */
  request: Uint8Array
  /** Gets all bytes received so far; returns undefined to wait for more. May send in between. */
  read: (received: Buffer, send: (bytes: Uint8Array) => void) => T | undefined
  /** How long it may take in milliseconds. Default four minutes. */
  timeoutMs?: number
}

/** Connects, talks until `read` has its answer, and closes. */
export function exchange<T>(target: Endpoint, options: ExchangeOptions<T>): Promise<T> {
  const { request, read, timeoutMs = patienceMs } = options
  const { promise, resolve, reject } = withResolvers<T>()
  const where = `${target.host}:${target.port}`
  const socket = connect(target)
  const alarm = setTimeout(() => reject(new Error(`No answer from ${where} in ${timeoutMs} ms`)), timeoutMs)
  let received = Buffer.alloc(0)
  socket.on('connect', () => socket.write(request))
  socket.on('error', reject)
  socket.on('close', () => reject(new Error(`${where} closed the connection`)))
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    try {
      const answer = read(received, (bytes) => socket.write(bytes))
      if (answer !== undefined) resolve(answer)
    } catch (error) {
      reject(error as Error)
    }
  })
  return promise.finally(() => {
    clearTimeout(alarm)
    socket.destroy()
  })
}

// Promise.withResolvers is not in Node 20.
function withResolvers<T>(): {
  promise: Promise<T>
  resolve: (value: T) => void
  reject: (error: Error) => void
} {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  return { promise, resolve, reject }
}
