import { SessionError } from '@sessions/core'

/** @throws `invalid` for what are no tools of the AI SDK. */
export function checkToolSet(tools: unknown): void {
  if (tools === undefined || typeof tools === 'function') return
  if (typeof tools !== 'object' || tools === null || Array.isArray(tools))
    throw wrong('tools', 'must be an object')
  for (const [name, tool] of Object.entries(tools as Record<string, unknown>))
    if (typeof tool !== 'object' || tool === null) throw wrong(`tools.${name}`, 'is no tool')
}

/** The error of a wrong option. */
export function wrong(path: string, what: string): SessionError {
  return new SessionError('invalid', `${path} ${what}`, { path })
}
