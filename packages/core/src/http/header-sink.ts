import { SessionError } from '../errors.js'

/** The operations on a framework's response headers. */
export interface HeaderSink {
  /** False after the first byte has been sent. */
  canWrite(): boolean
  /** Adds a header value, and keeps those that exist. */
  append(name: string, value: string): void
  /** As `append`, for a response that may be an error (default: `append`, whose headers such a response has, too). */
  appendAnyway?(name: string, value: string): void
  /** Sets a header, unless the application has set it. */
  setDefault(name: string, value: string): void
  /**
   * Removes a value that `append` has added, while `canWrite`. Without `remove`, a credential is handed over only
   * after its session is stored, so the response must wait for `settled()`.
   */
  remove?(name: string, value: string): void
}

/** @throws `headers_sent` after the first byte. */
export function mustBeWritable(headers: HeaderSink): void {
  if (headers.canWrite()) return
  throw new SessionError(
    'headers_sent',
    'The response has begun: write to the session before its first byte.',
  )
}
