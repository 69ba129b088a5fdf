/** The stem of an English word, after Porter (1980): `volunteering`, `volunteers` and `volunteered` become one. */
export function stemOf(word: string): string {
  if (word.length < 3) return word
  // A leading y is a consonant; written as a capital, no pattern below takes it for a vowel.
  let stem = word.startsWith('y') ? `Y${word.slice(1)}` : word
  stem = withoutPlural(stem)
  stem = withoutTense(stem)
  stem = swap(stem, /^(.+?)y$/, (rest) => (hasVowel.test(rest) ? 'i' : undefined))
  stem = swap(stem, longSuffix, (rest, suffix) => (oneMeasure.test(rest) ? longSuffixes[suffix] : undefined))
  stem = swap(stem, middleSuffix, (rest, suffix) =>
    oneMeasure.test(rest) ? middleSuffixes[suffix] : undefined,
  )
  stem = swap(stem, lastSuffix, (rest) => (twoMeasures.test(rest) ? '' : undefined))
  stem = swap(stem, /^(.+?)e$/, (rest) =>
    twoMeasures.test(rest) || (exactlyOne.test(rest) && !shortEnd.test(rest)) ? '' : undefined,
  )
  if (stem.endsWith('ll') && twoMeasures.test(stem)) stem = stem.slice(0, -1)
  return stem.toLowerCase()
}

const consonants = '[^aeiou][^aeiouy]*'
const vowels = '[aeiouy][aeiou]*'
const hasVowel = new RegExp(`^(${consonants})?[aeiouy]`)
const oneMeasure = new RegExp(`^(${consonants})?${vowels}${consonants}`)
const exactlyOne = new RegExp(`^(${consonants})?${vowels}${consonants}(${vowels})?$`)
const twoMeasures = new RegExp(`^(${consonants})?${vowels}${consonants}${vowels}${consonants}`)
const shortEnd = new RegExp(`^${consonants}[aeiouy][^aeiouwxy]$`)

const longSuffixes: Readonly<Record<string, string>> = {
  ational: 'ate',
  tional: 'tion',
  enci: 'ence',
  anci: 'ance',
  izer: 'ize',
  bli: 'ble',
  alli: 'al',
  entli: 'ent',
  eli: 'e',
  ousli: 'ous',
  ization: 'ize',
  ation: 'ate',
  ator: 'ate',
  alism: 'al',
  iveness: 'ive',
  fulness: 'ful',
  ousness: 'ous',
  aliti: 'al',
  iviti: 'ive',
  biliti: 'ble',
  logi: 'log',
}
const middleSuffixes: Readonly<Record<string, string>> = {
  icate: 'ic',
  ative: '',
  alize: 'al',
  iciti: 'ic',
  ical: 'ic',
  ful: '',
  ness: '',
}
const longSuffix = new RegExp(`^(.+?)(${Object.keys(longSuffixes).join('|')})$`)
const middleSuffix = new RegExp(`^(.+?)(${Object.keys(middleSuffixes).join('|')})$`)
const lastSuffix =
  /^(.+?)(al|ance|ence|er|ic|able|ible|ant|ement|ment|ent|ou|ism|ate|iti|ous|ive|ize|(?<=[st])ion)$/

function swap(
  word: string,
  pattern: RegExp,
  replacement: (rest: string, suffix: string) => string | undefined,
): string {
  const match = pattern.exec(word)
  if (match === null) return word
  const end = replacement(match[1]!, match[2] ?? '')
  return end === undefined ? word : match[1]! + end
}

function withoutPlural(word: string): string {
  if (/(ss|i)es$/.test(word)) return word.slice(0, -2)
  return /[^s]s$/.test(word) && word.length > 2 ? word.slice(0, -1) : word
}

function withoutTense(word: string): string {
  if (word.endsWith('eed')) return oneMeasure.test(word.slice(0, -3)) ? word.slice(0, -1) : word
  const rest = /^(.+?)(ed|ing)$/.exec(word)?.[1]
  if (rest === undefined || !hasVowel.test(rest)) return word
  if (/(at|bl|iz)$/.test(rest)) return `${rest}e`
  if (/([^aeiouylsz])\1$/.test(rest)) return rest.slice(0, -1)
  return shortEnd.test(rest) ? `${rest}e` : rest
}
