import { Inject } from '@nestjs/common'
import { SessionError } from '@sessions/core'

/** The service of `SessionsModule.forRoot`. */
export const defaultName = 'default'

// The name is part of the cookie's name.
const validName = /^[A-Za-z0-9_-]{1,64}$/

/** @throws `invalid` for a name with other characters than letters, digits, - and _. */
export function parseName(name: string): string {
  if (validName.test(name)) return name
  throw new SessionError('invalid', 'name may hold letters, digits, - and _ only', { path: 'name' })
}

/**
 * The injection token of a service: `@Inject(getSessionsToken())` is the same as `@InjectSessions()`.
 *
 * @param name That of `forFeature` (default: the service of `forRoot`).
 */
export function getSessionsToken(name: string = defaultName): string {
  return `sessions:${name}`
}

/** The injection token of a service's options. @param name That of `forFeature` (default: the service of `forRoot`). */
export function getSessionsOptionsToken(name: string = defaultName): string {
  return `sessions-options:${name}`
}

/** Injects the `Sessions` of the module. @param name That of `forFeature` (default: the service of `forRoot`). */
export function InjectSessions(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getSessionsToken(name))
}
