import { catalogue, findProducts, type Product } from '../catalogue/catalogue.js'
import { readNames, wordsOf } from '../catalogue/words.js'

/** What a text refers to. */
export type Target =
  /** Places in the last list; -1 is the last one. */
  | { kind: 'places'; places: readonly number[] }
  | { kind: 'it' }
  | { kind: 'all' }
  | { kind: 'cheapest' }
  | { kind: 'dearest' }
  | { kind: 'named'; skus: readonly string[] }
  /** Any product of a kind, such as `the phone`. */
  | { kind: 'category'; category: string | undefined; brands: readonly string[]; words: readonly string[] }

const numberWords = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten']
const ordinalWords = [
  'first',
  'second',
  'third',
  'fourth',
  'fifth',
  'sixth',
  'seventh',
  'eighth',
  'ninth',
  'tenth',
]

/** `3`, `three`; undefined when it is no number. */
export function readNumber(word: string | undefined): number | undefined {
  if (word === undefined) return undefined
  if (/^\d{1,6}$/.test(word)) return Number(word)
  const at = numberWords.indexOf(word)
  return at === -1 ? undefined : at + 1
}

/** Places that a text names: `the first two`, `1 and 3`, `number 2`, `the last one`. */
export function readPlaces(text: string): number[] {
  const span = /\b(first|last) (\d|two|three|four|five)\b/.exec(text)
  if (span !== null) {
    const count = readNumber(span[2])!
    return Array.from({ length: count }, (_, at) => (span[1] === 'first' ? at + 1 : at - count))
  }
  const places: number[] = []
  const pattern =
    /\b(?:number|no\.?|option|item) ?(\d{1,2})\b|#(\d{1,2})\b|\b(\d{1,2})(?:st|nd|rd|th)\b(?! gen)|\b(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last)\b/g
  for (const [, named, hash, suffixed, word] of text.matchAll(pattern)) {
    const digits = named ?? hash ?? suffixed
    if (digits !== undefined) places.push(Number(digits))
    else if (word === 'last') places.push(-1)
    else if (word !== undefined) places.push(ordinalWords.indexOf(word) + 1)
  }
  if (places.length > 0) return places
  const bare = /^(?:\w+ )?#?(\d)(?:(?:,| and| with| to| vs\.?| or) #?(\d))?(?: please)?$/.exec(text)
  return bare === null
    ? []
    : [bare[1], bare[2]].flatMap((digit) => (digit === undefined ? [] : Number(digit)))
}

/** What the text refers to; undefined when it refers to nothing. */
export function readTarget(text: string): Target | undefined {
  const skus = findNamed(text)
  if (skus.length > 0) return { kind: 'named', skus }
  const places = readPlaces(text)
  if (places.length > 0) return { kind: 'places', places }
  if (/\b(cheapest|least expensive)\b/.test(text)) return { kind: 'cheapest' }
  if (/\b(most expensive|dearest|priciest)\b/.test(text)) return { kind: 'dearest' }
  if (/\b(both|all of them|all|them all|everything|these|those)\b/.test(text)) return { kind: 'all' }
  const { category, brands, words } = readNames(text)
  if (category !== undefined || brands.length > 0 || words.length > 0) {
    return { kind: 'category', category, brands, words }
  }
  return /\b(it|that|this|them|one)\b/.test(text) ? { kind: 'it' } : undefined
}

// The longest names first, so that `iPhone 15 Pro Max` does not match `iPhone 15`.
const byName = catalogue
  .map(({ sku, name }) => ({ sku, key: wordsOf(name.replace(/ \d+ (GB|mm)$/, '')).join(' ') }))
  .filter(({ key }) => key.includes(' ') || key.length > 5)
  .toSorted((one, other) => other.key.length - one.key.length)

/** The skus whose names are in the text, each name's first variant, in the order of the text. */
function findNamed(text: string): string[] {
  let rest = ` ${wordsOf(text).join(' ')} `
  const found: { sku: string; at: number }[] = []
  for (const { sku, key } of byName) {
    const at = rest.indexOf(` ${key} `)
    if (at === -1) continue
    found.push({ sku, at })
    rest = rest.replace(` ${key} `, ` ${'_'.repeat(key.length)} `)
  }
  return found.toSorted((one, other) => one.at - other.at).map(({ sku }) => sku)
}

/**
 * The products that a target means, among the shown ones; a name may mean any product.
 *
 * @param focus The sku that was mentioned last.
 */
export function resolveTarget(
  target: Target,
  shown: readonly string[],
  focus: string | undefined,
): Product[] {
  switch (target.kind) {
    case 'places':
      return findProducts(
        target.places.flatMap((place) =>
          place === 0 ? [] : (shown.at(place < 0 ? place : place - 1) ?? []),
        ),
      )
    case 'it':
      return findProducts(focus === undefined ? shown.slice(0, 1) : [focus])
    case 'all':
      return findProducts(shown)
    case 'cheapest':
    case 'dearest': {
      const sorted = findProducts(shown).sort((one, other) => one.price.amount - other.price.amount)
      return sorted.slice(target.kind === 'cheapest' ? 0 : -1).slice(0, 1)
    }
    case 'named':
      return findProducts(target.skus.map((sku) => variantAmong(sku, shown)))
    case 'category':
      return findProducts(shown)
        .filter((product) => isMeant(product, target))
        .slice(0, 1)
  }
}

/** Among the variants of one name, the one that was shown, if any was. */
function variantAmong(sku: string, shown: readonly string[]): string {
  const key = byName.find((entry) => entry.sku === sku)?.key
  return byName.find((entry) => entry.key === key && shown.includes(entry.sku))?.sku ?? sku
}

/** Whether a product, by its name and kind, matches a target of some kind. */
export function isMeant(
  product: Pick<Product, 'name' | 'brand' | 'category'>,
  { category, brands, words }: Extract<Target, { kind: 'category' }>,
): boolean {
  const own = wordsOf(`${product.name} ${product.brand}`)
  return (
    (category === undefined || product.category === category) &&
    (brands.length === 0 || brands.includes(product.brand)) &&
    words.every((word) => own.some((candidate) => candidate.startsWith(word)))
  )
}
