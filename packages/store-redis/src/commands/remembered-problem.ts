const problems = new WeakMap<object, unknown>()

interface Emitter {
  on(event: string, listener: (problem: unknown) => void): unknown
}

/**
 * Remembers what a client tells of a connection that it does not get: a wrong password, a name that is not known. Its
 * calls are told only that there is no connection.
 */
export function rememberProblems(client: Emitter): void {
  client.on('error', (problem) => problems.set(client, problem))
  client.on('ready', () => problems.delete(client))
}

/** Why a client whose problems are remembered has no connection; undefined while it has one. */
export function problemOf(client: object): unknown {
  return problems.get(client)
}
