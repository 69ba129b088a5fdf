import type { ModelPrice, TokenPrices, UsageCost } from '../domain/usage.js'
import { SessionError } from '../errors.js'
import { checkOptions, type OptionNames } from '../options.js'
import type { TurnUsage } from '../turn/usage.js'
import { parseDecimal, toDecimal } from './decimal.js'

/** What is paid for: all but the cost that the application reports. */
export type PricedUsage = Omit<TurnUsage, 'costMicros'>

interface Row {
  readonly provider: string | undefined
  readonly matches: (model: string) => boolean
  /** The larger, the more exact. */
  readonly exactness: number
  readonly from: string | undefined
  readonly fromAt: number
  readonly above: number
  readonly currency: string
  readonly units: Readonly<Record<keyof TokenPrices, bigint>>
}

const priceNames: OptionNames<ModelPrice> = {
  provider: 'text',
  model: 'text',
  pattern: 'text',
  from: 'text',
  aboveInputTokens: 'number',
  currency: 'text',
  perMillion: 'object',
}
const tokenNames: OptionNames<TokenPrices> = {
  input: true,
  output: true,
  cacheRead: true,
  cacheWrite: true,
  reasoning: true,
}
const maxPrices = 10_000
const maxName = 200
const maxKnown = 1000
const million = 1_000_000n
// A date, or a date and a time with a zone: without one, every machine would read another moment.
const moment = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/

/** What models cost, and from when on. */
export class PriceTable {
  readonly #rows: readonly Row[]
  /** The rows of a model that turns named, the most exact first. */
  readonly #known = new Map<string, readonly Row[]>()

  /** @throws `invalid` with the path of what is wrong */
  constructor(prices: readonly ModelPrice[], path: string) {
    if (!Array.isArray(prices)) throw invalid(path, 'must be a list')
    if (prices.length > maxPrices) throw invalid(path, `has more than ${maxPrices} prices`)
    const rows = (prices as readonly ModelPrice[]).map((price, index) => toRow(price, `${path}[${index}]`))
    this.#rows = rows
      .map((row, index) => ({ row, index }))
      .toSorted((one, other) => compare(one.row, other.row) || other.index - one.index)
      .map(({ row }) => row)
  }

  /** What a turn costs; undefined when the table does not know its model. */
  costOf(usage: PricedUsage, at: number): UsageCost | undefined {
    const { model, provider, inputTokens } = usage
    if (model === undefined) return undefined
    const row = this.#rowsOf(model, provider).find(
      ({ fromAt, above }) => fromAt <= at && (above === 0 || inputTokens > above),
    )
    if (row === undefined) return undefined
    const { from, currency } = row
    const amount = toDecimal(unitsOf(usage, row.units))
    return { amount, currency, by: 'prices', ...(from === undefined ? {} : { from }) }
  }

  #rowsOf(model: string, provider: string | undefined): readonly Row[] {
    const name = JSON.stringify([model, provider])
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const rows = this.#rows.filter(
      (row) => (row.provider === undefined || row.provider === provider) && row.matches(model),
    )
    // Models name themselves: there may be any number of names.
    if (this.#known.size >= maxKnown) this.#known.clear()
    this.#known.set(name, rows)
    return rows
  }
}

function compare(one: Row, other: Row): number {
  return other.exactness - one.exactness || other.fromAt - one.fromAt || other.above - one.above
}

function unitsOf(usage: PricedUsage, units: Row['units']): bigint {
  const { cachedInputTokens: read = 0, cacheWriteTokens: written = 0, reasoningTokens: thought = 0 } = usage
  // Providers have told more cached tokens than tokens: nobody is paid for having used the cache.
  const input = Math.max(0, usage.inputTokens - read - written)
  const output = Math.max(0, usage.outputTokens - thought)
  const each: readonly (readonly [number, keyof TokenPrices])[] = [
    [input, 'input'],
    [read, 'cacheRead'],
    [written, 'cacheWrite'],
    [output, 'output'],
    [thought, 'reasoning'],
  ]
  return each.reduce((sum, [tokens, kind]) => sum + BigInt(tokens) * units[kind], 0n)
}

function toRow(price: ModelPrice, path: string): Row {
  checkOptions<ModelPrice>(price, priceNames, path)
  const { provider, model, pattern, from, aboveInputTokens: above = 0, currency, perMillion } = price
  if ((model === undefined) === (pattern === undefined))
    throw invalid(path, 'must have either model or pattern')
  checkName(provider, `${path}.provider`)
  checkName(model, `${path}.model`)
  checkName(pattern, `${path}.pattern`)
  if (!(Number.isSafeInteger(above) && above >= 0))
    throw invalid(`${path}.aboveInputTokens`, 'must be a whole number, 0 or more')
  const fromAt = from === undefined ? Number.NEGATIVE_INFINITY : momentOf(from, `${path}.from`)
  const literal = (model ?? pattern!.replaceAll('*', '')).length
  return {
    provider,
    matches: model === undefined ? globOf(pattern!) : (name) => name === model,
    exactness: (model === undefined ? literal : maxName + 1) * 2 + (provider === undefined ? 0 : 1),
    from,
    fromAt,
    above,
    currency: parseCurrency(currency, `${path}.currency`),
    units: toUnits(perMillion, `${path}.perMillion`),
  }
}

function toUnits(given: TokenPrices, path: string): Row['units'] {
  if (given === undefined) throw invalid(path, 'is missing')
  checkOptions<TokenPrices>(given, tokenNames, path)
  const units = (text: string | undefined, name: string): bigint => {
    const all = typeof text === 'string' ? parseDecimal(text, 6) : undefined
    // A number such as 0.1 is not what it says, and sums of them drift.
    if (all === undefined)
      throw invalid(`${path}.${name}`, `must be a decimal text such as '0.05', with at most 6 places`)
    return all / million
  }
  const input = units(given.input, 'input')
  const output = units(given.output, 'output')
  return {
    input,
    output,
    cacheRead: given.cacheRead === undefined ? input : units(given.cacheRead, 'cacheRead'),
    cacheWrite: given.cacheWrite === undefined ? input : units(given.cacheWrite, 'cacheWrite'),
    reasoning: given.reasoning === undefined ? output : units(given.reasoning, 'reasoning'),
  }
}

/** Whether a text fits a pattern with `*`, by one look at the text. */
function globOf(pattern: string): (text: string) => boolean {
  const pieces = pattern.split('*')
  const first = pieces[0]!
  const last = pieces.at(-1)!
  if (pieces.length === 1) return (text) => text === pattern
  const middle = pieces.slice(1, -1)
  return (text) => {
    if (text.length < first.length + last.length) return false
    if (!text.startsWith(first) || !text.endsWith(last)) return false
    const end = text.length - last.length
    let at = first.length
    for (const piece of middle) {
      const found = text.indexOf(piece, at)
      if (found === -1 || found + piece.length > end) return false
      at = found + piece.length
    }
    return true
  }
}

/** @throws `invalid` */
export function parseCurrency(value: unknown, path: string): string {
  if (typeof value === 'string' && /^[A-Z]{3}$/.test(value)) return value
  throw invalid(path, 'must be a currency of ISO 4217, such as USD')
}

function checkName(name: string | undefined, path: string): void {
  if (name === undefined || (name !== '' && name.length <= maxName)) return
  throw invalid(path, `must have 1 to ${maxName} characters`)
}

function momentOf(from: string, path: string): number {
  const at = moment.test(from) ? Date.parse(from) : Number.NaN
  // JavaScript takes the 30th of February for the 1st of March.
  const isDay =
    !Number.isNaN(at) && new Date(`${from.slice(0, 10)}T00:00Z`).toISOString().startsWith(from.slice(0, 10))
  if (!isDay) throw invalid(path, 'must be a date, or a date and a time with a zone, as of ISO 8601')
  return at
}

function invalid(path: string, what: string): SessionError {
  return new SessionError('invalid', `${path} ${what}`, { path })
}
