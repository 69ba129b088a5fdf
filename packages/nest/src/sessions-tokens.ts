import { Inject } from '@nestjs/common'
import { SessionError } from '@sessions/core'

/** The service of `SessionsModule.forRoot`. */
export const defaultName = 'default'

// A name is part of a cookie's.
const validName = /^[A-Za-z0-9_-]{1,64}$/

/** @throws `invalid` for a name that has other signs than letters, digits, - and _. */
export function parseName(name: string): string {
  if (validName.test(name)) return name
  throw new SessionError('invalid', 'name may hold letters, digits, - and _ only', { path: 'name' })
}

/**
 * What a service is injected by: `@Inject(getSessionsToken())`, or the same as `@InjectSessions()`.
 *
 * @param name That of `forFeature` (default: the one of `forRoot`).
 */
export function getSessionsToken(name: string = defaultName): string {
  return `sessions:${name}`
}

/** What the options of a service are injected by. @param name That of `forFeature` (default: the one of `forRoot`). */
export function getSessionsOptionsToken(name: string = defaultName): string {
  return `sessions-options:${name}`
}

/** Injects the `Sessions` of the module. @param name That of `forFeature` (default: the one of `forRoot`). */
export function InjectSessions(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getSessionsToken(name))
}
