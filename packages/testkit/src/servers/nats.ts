import { findNats } from '../find/find-nats.js'
import { freePort } from '../network/free-port.js'
import { ServerProcess } from '../process/server-process.js'
import { createWorkDir, sweepWorkDirs } from '../process/work-dir.js'
import { toServer, type Server } from './server.js'

/** A server of NATS that this process started. */
export type NatsServer = Server

/** Starts a real server of NATS. It keeps nothing, and ends with this process at the latest. */
export async function startNats(): Promise<NatsServer> {
  sweepWorkDirs()
  const { command, version } = await findNats()
  const workDir = createWorkDir('nats')
  const server = await ServerProcess.start({
    name: `NATS ${version}`,
    workDir,
    command,
    // A later run recognizes the process by the dir in its command line.
    args: (port) => ['--addr', '127.0.0.1', '--port', String(port), '--store_dir', workDir],
    env: process.env,
    pickPort: freePort,
    isReady: (_pid, log) => log.includes('Server is ready'),
  })
  return toServer(server, `nats://127.0.0.1:${server.port}`)
}
