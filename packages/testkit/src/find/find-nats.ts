import { finderOf, type FoundProgram } from './find-program.js'

/**
 * Finds a server of NATS: on PATH, otherwise fetched once through Debian's apt and unpacked without installing it. With
 * `SESSIONS_NATS=fetched` it does not look on PATH. Throws one sentence that says what to install when there is none.
 */
export const findNats: () => Promise<FoundProgram> = finderOf({
  names: ['nats-server'],
  oldest: [2, 9],
  version: /nats-server: v(\d+\.\d+\.\d+)/,
  variable: 'SESSIONS_NATS',
  archived: [{ package: 'nats-server', path: 'usr/sbin/nats-server' }],
  advice: 'install one with `apt-get install nats-server` or `brew install nats-server`',
})
