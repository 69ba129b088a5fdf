import { createSessions, type SessionEvent, type Sessions, type SessionsOptions } from '../src/index.js'

/** A service on a fresh memory store that remembers what it announced. */
export function service(options: SessionsOptions = {}): Sessions & { events: SessionEvent[] } {
  const events: SessionEvent[] = []
  const sessions = createSessions({ onEvent: (event) => events.push(event), ...options })
  return Object.assign(sessions, { events })
}

export const alice = { tenantId: 'acme', userId: 'alice' }
export const bob = { tenantId: 'acme', userId: 'bob' }
export const admin = { tenantId: 'acme', roles: ['admin'] }
export const anonymous = { tenantId: 'acme' }
export const elsewhere = { tenantId: 'other', userId: 'alice' }

/** The code an operation is refused with; `settled` when it is not. */
export async function codeOf(operation: Promise<unknown>): Promise<string> {
  try {
    await operation
    return 'settled'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

/** A promise that many wait for, so that they start together. */
export function startGate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
