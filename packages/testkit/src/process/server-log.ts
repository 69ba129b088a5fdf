import { readFileSync } from 'node:fs'

/** The text that a server has written to its log file from byte `from` on; empty when there is no log. */
export function readServerLog(file: string, from = 0): string {
  try {
    return readFileSync(file).subarray(from).toString('utf8')
  } catch {
    return ''
  }
}

/** The end of a log, for an error. */
export function tailOf(log: string, lines = 20): string {
  return log.trimEnd().split('\n').slice(-lines).join('\n')
}
