import { markup, type Html } from './markup.js'

const maxLength = 20_000
// A session may live for longer than a date can show.
const latest = Date.UTC(9999, 11, 31, 23, 59)

/** A moment, in UTC to the second. */
export function moment(at: number | undefined): Html {
  if (at === undefined) return markup`<span class="none">never</span>`
  const iso = new Date(Math.min(at, latest)).toISOString()
  return markup`<time datetime="${iso}" title="${iso}">${iso.slice(0, 16).replace('T', ' ')}</time>`
}

/** A whole number, with its thousands apart. */
export const count = (value: number): string => value.toLocaleString('en-US')

/** A size, in the unit that suits it. */
export function bytes(value: number): string {
  if (value < 1024) return `${value} B`
  if (value < 1024 * 1024) return `${(value / 1024).toFixed(1)} KiB`
  return `${(value / 1024 / 1024).toFixed(1)} MiB`
}

/** A duration, in the unit that suits it. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`
  if (ms < 172_800_000) return `${(ms / 3_600_000).toFixed(1)} h`
  return `${Math.round(ms / 86_400_000)} days`
}

/** A text as far as a page shows it. */
export function shortened(text: string): string {
  if (text.length <= maxLength) return text
  return `${text.slice(0, maxLength)}\n… ${count(text.length - maxLength)} more characters`
}

/** JSON for people to read. */
export const json = (value: unknown): string => shortened(JSON.stringify(value, undefined, 2) ?? '')
