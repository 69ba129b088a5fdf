import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ModelPrice } from '../../src/domain/usage.js'
import { parseDecimal, toDecimal } from '../../src/usage/decimal.js'
import { PriceTable, type PricedUsage } from '../../src/usage/price-table.js'

const at = Date.parse('2026-06-01')
const price = (more: Partial<ModelPrice> = {}): ModelPrice => ({
  ...(more.pattern === undefined ? { model: 'nano' } : {}),
  currency: 'USD',
  perMillion: { input: '0.05', output: '0.4' },
  ...more,
})
const used = (more: Partial<PricedUsage> = {}): PricedUsage => ({
  inputTokens: 1000,
  outputTokens: 100,
  model: 'nano',
  ...more,
})
const perMillion = (text: string) => ({ input: text, output: text })
const amountOf = (prices: readonly ModelPrice[], usage = used(), when = at) =>
  new PriceTable(prices, 'usage.prices').costOf(usage, when)?.amount

describe('what a turn costs', () => {
  it('is exact, to a millionth of a millionth', () => {
    expect(new PriceTable([price({ from: '2026-01-01' })], 'p').costOf(used(), at)).toEqual({
      amount: '0.00009',
      currency: 'USD',
      by: 'prices',
      from: '2026-01-01',
    })
    const tiny = price({ perMillion: { input: '0.000001', output: '0' } })
    expect(amountOf([tiny], used({ inputTokens: 1 }))).toBe('0.000000000001')
    const most = used({ inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: 0 })
    expect(amountOf([price({ perMillion: perMillion('0.1') })], most)).toBe('900719925.4740991')
  })

  it('counts each kind of token at its own price', () => {
    const all = { input: '1', output: '10', cacheRead: '0.1', cacheWrite: '2', reasoning: '5' }
    const usage = used({
      inputTokens: 1000,
      cachedInputTokens: 600,
      cacheWriteTokens: 300,
      outputTokens: 100,
      reasoningTokens: 40,
    })
    // 100 × 1 + 600 × 0.1 + 300 × 2 + 60 × 10 + 40 × 5
    expect(amountOf([price({ perMillion: all })], usage)).toBe('0.00156')
    expect(amountOf([price({ perMillion: { input: '1', output: '10' } })], usage)).toBe('0.002')
    expect(amountOf([price({ perMillion: all })], { ...usage, cachedInputTokens: 5000 })).toBe('0.0019')
  })

  it('is unknown, and not 0, for a model that the table has not', () => {
    expect(amountOf([price()], used({ model: 'other' }))).toBe(undefined)
    expect(amountOf([price()], used({ model: undefined }))).toBe(undefined)
    expect(amountOf([price({ provider: 'openai' })])).toBe(undefined)
    expect(amountOf([price({ from: '2026-06-02' })])).toBe(undefined)
    expect(amountOf([price({ perMillion: { input: '0', output: '0' } })])).toBe('0')
  })

  it('takes the most exact price, then the newest, then the one for the size', () => {
    const of = (input: string, more: Partial<ModelPrice>) => price({ ...more, perMillion: perMillion(input) })
    const one = used({ inputTokens: 1, outputTokens: 0, provider: 'openai' })
    const inPlaces = (...prices: ModelPrice[]) => amountOf(prices, one)
    const any = of('1', { pattern: '*' })
    const longer = of('2', { pattern: 'na*' })
    const model = of('3', {})
    const withProvider = of('4', { provider: 'openai' })
    expect(inPlaces(any, longer, model, withProvider)).toBe('0.000004')
    expect(inPlaces(withProvider, model, longer, any)).toBe('0.000004')
    expect(inPlaces(longer, any)).toBe('0.000002')
    expect(inPlaces(of('1', {}), of('2', { from: '2026-05-31' }), of('3', { from: '2027-01-01' }))).toBe(
      '0.000002',
    )
    expect(inPlaces(of('1', {}), of('2', {}))).toBe('0.000002')
    const sized = [of('2', { aboveInputTokens: 10 }), of('1', {})]
    expect(amountOf(sized, { ...one, inputTokens: 10 })).toBe('0.00001')
    expect(amountOf(sized, { ...one, inputTokens: 11 })).toBe('0.000022')
  })

  it('takes patterns literally but for the star, in linear time', () => {
    const fits = (pattern: string, model: string) =>
      amountOf([price({ pattern })], used({ model })) !== undefined
    expect(fits('gpt-5*-mini', 'gpt-5.1-mini')).toBe(true)
    expect(fits('gpt-5*-mini', 'gpt-5-mini-2')).toBe(false)
    expect(fits('a*a', 'a')).toBe(false)
    expect(fits('a*b*c', 'abbc')).toBe(true)
    expect(fits('a.c', 'abc')).toBe(false)
    expect(fits('(a+)+$', '(a+)+$')).toBe(true)
    expect(fits(`${'a*'.repeat(99)}b`, 'a'.repeat(200))).toBe(false)
  })
})

describe('a table of prices', () => {
  it.each([
    [{ perMillion: { input: 0.05, output: '1' } }, 'perMillion.input'],
    [{ perMillion: { input: '0.0000001', output: '1' } }, 'perMillion.input'],
    [{ perMillion: { input: '-1', output: '1' } }, 'perMillion.input'],
    [{ perMillion: { input: '1e3', output: '1' } }, 'perMillion.input'],
    [{ perMillion: { input: '1' } }, 'perMillion.output'],
    [{ perMillion: { input: '1', output: '1', cached: '1' } }, 'perMillion.cached'],
    [{ perMillion: undefined }, 'perMillion'],
    [{ currency: 'dollars' }, 'currency'],
    [{ from: 'yesterday' }, 'from'],
    [{ from: '2026-02-30' }, 'from'],
    [{ from: '2026-02-01T10:00' }, 'from'],
    [{ aboveInputTokens: 1.5 }, 'aboveInputTokens'],
    [{ model: '' }, 'model'],
    [{ model: 'x'.repeat(201) }, 'model'],
    [{ modell: 'x' }, 'modell'],
  ])('refuses %j', (wrong, path) => {
    const make = () => new PriceTable([price(), { ...price(), ...(wrong as object) }], 'usage.prices')
    expect(make).toThrow(expect.objectContaining({ code: 'invalid', path: `usage.prices[1].${path}` }))
  })

  it('refuses a price for no model, and for two', () => {
    const wrong = { code: 'invalid', path: 'p[0]' }
    const both = { ...price(), pattern: 'x' }
    const { model: _, ...neither } = price()
    for (const each of [both, neither])
      expect(() => new PriceTable([each], 'p')).toThrow(expect.objectContaining(wrong))
    expect(() => new PriceTable({} as never, 'p')).toThrow(expect.objectContaining({ path: 'p' }))
  })
})

it('decimal texts and units are the same, both ways', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 26n }), (units) => {
      expect(parseDecimal(toDecimal(units))).toBe(units)
    }),
  )
  expect(toDecimal(-1_500_000_000_000n)).toBe('-1.5')
  expect(toDecimal(0n)).toBe('0')
  expect(parseDecimal('')).toBe(undefined)
  expect(parseDecimal('1.')).toBe(undefined)
})
