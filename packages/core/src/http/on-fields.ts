import { isSessionError, SessionError } from '../errors.js'

/** The error as one of a field of the request: core says the name of its own argument before it. */
export function onFields(error: unknown, argument: string | undefined): unknown {
  if (!isSessionError(error, 'invalid') || error.path === undefined) return error
  const { path, message, cause } = error
  if (argument === undefined || !path.startsWith(`${argument}.`)) return error
  const from = argument.length + 1
  const detail = message.startsWith(path) ? message.slice(from) : message
  return new SessionError('invalid', detail, { path: path.slice(from), cause })
}
