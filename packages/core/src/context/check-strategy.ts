import { SessionError } from '../errors.js'
import type { ContextStrategy } from './strategy.js'

/** The strategy, after it has been checked. @throws `invalid` with the path for what is no strategy. */
export function checkStrategy(value: ContextStrategy, path: string): ContextStrategy {
  const { choose, needs } = (value as Partial<ContextStrategy> | null | undefined) ?? {}
  checkFunction(choose, `${path}.choose`)
  if (needs !== undefined) checkFunction(needs, `${path}.needs`)
  return value
}

/** @throws `invalid` with the path for what is no function. */
export function checkFunction(value: unknown, path: string): void {
  if (typeof value !== 'function') throw new SessionError('invalid', `${path} must be a function`, { path })
}
