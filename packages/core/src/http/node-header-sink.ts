import type { ServerResponse } from 'node:http'
import type { HeaderSink } from './header-sink.js'
import { keptCookies } from './keep-cookies.js'

/** Writes headers of a response of Node, or of Express, which is one. */
export function nodeHeaderSink(response: ServerResponse): HeaderSink {
  return {
    canWrite: () => !response.headersSent,
    append(name, value) {
      if (name === 'Vary') response.setHeader(name, addVary(response.getHeader(name), value))
      else response.appendHeader(name, value)
      if (name === 'Set-Cookie') keptCookies(response).add(value)
    },
    setDefault(name, value) {
      if (!response.hasHeader(name)) response.setHeader(name, value)
    },
    remove(name, value) {
      if (name === 'Set-Cookie') keptCookies(response).delete(value)
      const others = withoutValue(response.getHeader(name), value)
      if (others.length === 0) response.removeHeader(name)
      else response.setHeader(name, others)
    },
  }
}

/** The values of a header without one of them. */
export function withoutValue(
  before: number | string | readonly string[] | undefined,
  value: string,
): string[] {
  return [before ?? []]
    .flat()
    .map(String)
    .filter((each) => each !== value)
}

/** The value of `Vary` with one more header; each header stands there once. */
export function addVary(before: number | string | readonly string[] | undefined, name: string): string {
  const names = before === undefined ? [] : String(before).split(/\s*,\s*/)
  const isNamed = names.some((each) => each.toLowerCase() === name.toLowerCase())
  return (isNamed ? names : [...names, name]).join(', ')
}
