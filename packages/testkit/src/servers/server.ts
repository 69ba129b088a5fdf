import type { Endpoint } from '../network/exchange.js'
import type { ServerProcess } from '../process/server-process.js'

/** A real server, as a child process on a loopback port that the system chose. */
export interface Server extends Endpoint {
  /** The URL for clients. */
  readonly url: string
  /** Its process id; the last one while it is down, a new one after {@link restart}. */
  readonly pid: number
  /** Ends it in order and removes its data. */
  stop(): Promise<void>
  /** SIGKILL, as in a crash. The stored data stays for {@link restart}. */
  kill(): Promise<void>
  /** SIGSTOP for it and its children: connections stay open, nothing answers. */
  pause(): Promise<void>
  /** SIGCONT: it continues, and reads what arrived meanwhile. */
  resume(): Promise<void>
  /** Starts it over the same data and port; ends it in order first if it is up. */
  restart(): Promise<void>
}

/** The handle of a process that is given to tests. */
export function toServer(process: ServerProcess, url: string): Server {
  return {
    url,
    host: '127.0.0.1',
    port: process.port,
    get pid() {
      return process.pid
    },
    stop: () => process.stop(),
    kill: () => process.kill(),
    pause: async () => process.pause(),
    resume: async () => process.resume(),
    restart: () => process.restart(),
  }
}
