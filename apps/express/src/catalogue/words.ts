import { brands, catalogue, categories } from './catalogue.js'

/** The text as lower-case words: `What's the WH-1000XM5?` is `what's the wh 1000xm5`. */
export function normalize(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[’‘`]/g, "'")
    .replace(/[^\p{L}\p{N}+'$.,#%-]+/gu, ' ')
    .replace(/[.,]+(?=\s|$)/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

/** The words of a name or a text, without the punctuation inside them. */
export function wordsOf(text: string): string[] {
  return normalize(text)
    .replace(/'(s|re|m|ll|ve|d|t)\b/g, '$1')
    .split(/[^\p{L}\p{N}+]+/u)
    .filter((word) => word !== '')
}

/** One form for singular and plural. */
export function stem(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`
  if (word.length > 4 && /(sses|ches|shes|xes)$/.test(word)) return word.slice(0, -2)
  if (word.length > 3 && word.endsWith('s') && !/(ss|us|is)$/.test(word)) return word.slice(0, -1)
  return word
}

const synonyms: Readonly<Record<string, string>> = {
  smartphone: 'phone, mobile, cellphone, handset, smart phone, mobile phone, cell phone',
  tablet: 'tab',
  laptop: 'notebook, ultrabook, macbook, chromebook, computer, pc',
  headphones: 'headphone, headset, earphone, earbud, earpod, airpod, ear bud, in-ears',
  speaker: 'soundbar, loudspeaker, sound bar, boombox',
  smartwatch: 'watch, fitness tracker, fitness band, smart watch, wearable',
  camera: 'cam, camcorder, dslr, action cam',
  tv: 'television, telly, smart tv',
  monitor: 'display, computer screen',
  keyboard: '',
  mouse: 'mice, trackball',
  console: 'playstation, xbox, game console, gaming console, controller, gamepad, vr headset',
  charger: 'power bank, powerbank, power adapter, charging cable, cable, usb-c cable',
  accessory:
    'accessories, phone case, case, webcam, ssd, memory card, screen protector, tripod, backpack, tracker',
  router: 'wifi router, mesh wifi',
  'e-reader': 'ereader, e reader, ebook reader, book reader, kindle',
  printer: '',
  drone: 'quadcopter',
}

// Words that name a product line and with it a category, unless another category is named.
const lines: Readonly<Record<string, string>> = {
  iphone: 'smartphone',
  ipad: 'tablet',
  ps5: 'console',
  imac: 'laptop',
}

// The word that the catalogue uses.
const aliases: Readonly<Record<string, readonly string[]>> = {
  earbud: ['in', 'ear'],
  earphone: ['in', 'ear'],
}

// A category word that also narrows the category, so it stays a search word.
const telling = new Set(
  `macbook chromebook airpod earbud earphone soundbar headset playstation xbox controller trackball cable case webcam ssd tripod
  backpack tracker kindle ultrabook vr power bank memory card screen protector`.split(/\s+/),
)

const categoryOf = new Map<string, string>()
for (const category of categories) {
  for (const name of [category, ...(synonyms[category] ?? '').split(', ')]) {
    const key = wordsOf(name).map(stem).join(' ')
    if (key !== '') categoryOf.set(key, category)
  }
}
const longestCategory = Math.max(...[...categoryOf.keys()].map((key) => key.split(' ').length))

const brandOf = new Map(brands.map((brand) => [wordsOf(brand).join(' '), brand]))

const vocabulary = new Set(
  catalogue.flatMap((product) =>
    wordsOf(`${product.name} ${product.brand} ${product.features.join(' ')} ${product.category}`).map(stem),
  ),
)

const stopWords = new Set(
  `a about all also am an and any anything are as at available be best better both buy by can cheap cheaper cheapest
  compare could dear do does else expensive find for from get give good got great had has have hello help hey hi how i
  id if ill im in into is it its ive just know less like little looking love may me money more most much my need new
  nice no not now of offer ok okay on one ones only option or other our out over please prefer price priced product
  rather really recommend recommendation see sell shop should show so some something stock store suggest tell than
  thanks that thats the their them then there these thing this those to too top under up us use very want we well were
  what whats when where which who will with would yes you your look item kind sort type model brand choose pick
  range quality right only instead everything anyone old cost between below above around max maximum least
  nothing dollar usd buck spend budget order purchase carry`.split(/\s+/),
)

/** What a text names from the catalogue. */
export interface Named {
  category?: string
  brands: string[]
  /** Further words that the catalogue knows: features, parts of names. */
  words: string[]
  /** Words that the catalogue does not know. */
  unknown: string[]
}

/**
 * What the text names. Of two categories side by side the last one counts (`laptop charger`); of two apart the first
 * (`a phone with a good camera`), and the other is a feature.
 */
export function readNames(text: string): Named {
  const words = wordsOf(text)
  const named: Named = { brands: [], words: [], unknown: [] }
  let line: string | undefined
  let endOfCategory = -1
  let lastKnown = -2
  for (let at = 0; at < words.length; at++) {
    const brand = brandAt(words, at)
    if (brand !== undefined) {
      if (!named.brands.includes(brand.name)) named.brands.push(brand.name)
      at += brand.length - 1
      lastKnown = at
      continue
    }
    const category = categoryAt(words, at)
    if (category !== undefined) {
      const { length } = category
      const said = words.slice(at, at + length).map(stem)
      if (named.category === undefined || endOfCategory === at - 1) {
        // The word before only says what the product is for: a laptop charger.
        if (named.category !== undefined && named.category !== category.name) named.words.push(named.category)
        named.category = category.name
        endOfCategory = at + length - 1
        named.words.push(...said.filter((word) => telling.has(word)).flatMap((word) => aliases[word] ?? word))
      } else {
        named.words.push(...said.filter((word) => vocabulary.has(word)))
      }
      at += length - 1
      lastKnown = at
      continue
    }
    const word = stem(words[at]!)
    if (Object.hasOwn(lines, word)) line ??= lines[word]
    if (stopWords.has(words[at]!) || stopWords.has(word)) continue
    // A bare number is part of a name only right after one: `iPhone 15`, but not `show me 15 phones`.
    if (/^\d+$/.test(word) && lastKnown !== at - 1) continue
    if (vocabulary.has(word)) {
      named.words.push(word)
      lastKnown = at
    } else if (!/^\d+$/.test(word)) {
      named.unknown.push(words[at]!)
    }
  }
  if (named.category === undefined && line !== undefined) named.category = line
  named.words = [...new Set(named.words)]
  return named
}

function brandAt(words: readonly string[], at: number): { name: string; length: number } | undefined {
  for (const length of [2, 1]) {
    const name = brandOf.get(words.slice(at, at + length).join(' '))
    if (name === undefined) continue
    // `Nothing` is a maker of phones, but usually just a word.
    if (name === 'Nothing' && stem(words[at + 1] ?? '') !== 'phone') continue
    return { name, length }
  }
  return undefined
}

function categoryAt(words: readonly string[], at: number): { name: string; length: number } | undefined {
  for (let length = Math.min(longestCategory, words.length - at); length > 0; length--) {
    const key = words
      .slice(at, at + length)
      .map(stem)
      .join(' ')
    const name = categoryOf.get(key)
    if (name !== undefined) return { name, length }
  }
  return undefined
}

/** The name of a category after a number of products: `smartphones`, `accessories`. */
export function plural(category: string): string {
  if (category.endsWith('s')) return category
  if (category === 'mouse') return 'mice'
  if (category === 'tv') return 'TVs'
  if (category.endsWith('ch')) return `${category}es`
  return category.endsWith('y') ? `${category.slice(0, -1)}ies` : `${category}s`
}
