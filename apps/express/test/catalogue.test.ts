import { expect, test } from 'vitest'
import { brands, catalogue, categories, findProduct } from '../src/catalogue/catalogue.js'
import { search } from '../src/catalogue/search.js'
import { readNames } from '../src/catalogue/words.js'
import { toMinorUnits } from '../src/money.js'
import { sayDuration } from '../src/http/views.js'
import { readPrices } from '../src/assistant/prices.js'

test('the catalogue is a few hundred different products', () => {
  expect(catalogue.length).toBeGreaterThan(300)
  expect(new Set(catalogue.map(({ sku }) => sku)).size).toBe(catalogue.length)
  expect(new Set(catalogue.map(({ brand, name }) => `${brand} ${name}`)).size).toBe(catalogue.length)
  expect(categories.length).toBeGreaterThan(15)
  expect(brands.length).toBeGreaterThan(40)
})

test('the item of the guide is in it', () => {
  expect(findProduct('IPH15PRO-256')).toMatchObject({
    name: 'iPhone 15 Pro',
    category: 'smartphone',
    price: { amount: 99_900, currency: 'USD' },
  })
})

test('a search filters and ranks', () => {
  const found = search({ category: 'tv', brands: ['LG', 'Sony'], minPrice: 120_000, maxPrice: 150_000 })
  expect(found.length).toBeGreaterThan(1)
  for (const { category, brand, price } of found) {
    expect(category).toBe('tv')
    expect(['LG', 'Sony']).toContain(brand)
    expect(price.amount).toBeGreaterThanOrEqual(120_000)
    expect(price.amount).toBeLessThanOrEqual(150_000)
  }
  expect(found.map(({ rating }) => rating)).toEqual(
    found.map(({ rating }) => rating).toSorted((a, b) => b - a),
  )
  expect(search({ words: ['iphone', '15'] })[0]?.name).toBe('iPhone 15')
  expect(search({ category: 'camera', sort: 'cheapest' })[0]?.name).toBe('Instax Mini 12')
  expect(search({ category: 'headphones' }, { brands: ['JBL'] })[0]?.brand).toBe('JBL')
  expect(search({ words: ['nonsense'] })).toEqual([])
})

test.each([
  ['What smartphones do you have?', 'smartphone', [], []],
  ['a phone with a good camera', 'smartphone', [], ['camera']],
  ['laptop charger', 'charger', [], ['laptop']],
  [
    'noise cancelling earbuds from Sony or Bose',
    'headphones',
    ['Sony', 'Bose'],
    ['noise', 'cancelling', 'in', 'ear'],
  ],
  ['iPhone 15 Pro', 'smartphone', [], ['iphone', '15', 'pro']],
  ['show me 15 phones', 'smartphone', [], []],
  ['Nothing phone', 'smartphone', ['Nothing'], []],
  ['nothing else', undefined, [], []],
])('“%s” names %s %j %j', (text, category, brands, words) => {
  const named = readNames(text)
  expect(named.category).toBe(category)
  expect(named.brands).toEqual(brands)
  expect(named.words).toEqual(words)
})

test.each([
  [999, 99_900],
  [19.99, 1999],
  [1.15, 115],
  [0.1, 10],
  [0, 0],
  [-1, undefined],
  [-0.5, undefined],
  [9.999, undefined],
  [1e-7, undefined],
  [1e21, undefined],
  [Number.NaN, undefined],
  [Number.POSITIVE_INFINITY, undefined],
])('%d dollars are %s cents', (dollars, cents) => {
  expect(toMinorUnits(dollars)).toBe(cents)
})

test.each([
  ['between $100 and 200', { min: 10_000, max: 20_000 }],
  ['500-1000', { min: 50_000, max: 100_000 }],
  ['from 1,000 to 500', { min: 50_000, max: 100_000 }],
  ['under 300 dollars', { max: 30_000 }],
  ['over $1.5k', { min: 150_000 }],
  ['around 100', { min: 8000, max: 12_000 }],
  ['iphone 15', undefined],
  ['4 to 6 of them', undefined],
])('“%s” is a range of prices', (text, range) => {
  expect(readPrices(text).range).toEqual(range)
})

test.each([
  [0, '0s'],
  [59_000, '59s'],
  [61_000, '1m 1s'],
  [3_600_000, '1h 0m'],
  [4_500_000, '1h 15m'],
  [183_600_000, '2d 3h'],
])('%d ms are %s', (ms, said) => {
  expect(sayDuration(ms)).toBe(said)
})
