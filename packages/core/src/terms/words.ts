import { baseOf } from './word-base.js'
import { stemOf } from './stem.js'

// Words that say nothing about the topic of a text: the small ones, and the usual words of questions
// (`what kind of things did they mention`).
const stopWords = new Set(
  `a about above after again all also am an and any are as at be because been before being below between both but by
  can could did do does doing don down during each few for from further had has have having he her here hers herself
  him himself his how i if in into is it its itself just let me more most my myself no nor not now of off on once only
  or other our ours ourselves out over own same she should so some such than that the their theirs them themselves
  then there these they this those through to too under until up very was we were what when where which while who whom
  why will with won would you your yours yourself arent cant couldnt didnt doesnt dont hadnt hasnt havent isnt
  shouldnt wasnt werent wont wouldnt im ive id ill youre youve youll hes shes weve theyve whats whos theres lets
  thats were theyre kind kinds type types sort thing things many much ever mention mentions mentioned say said tell told
  talk describe described according likely might possibly consider considered get got go going like one make made`.split(
    /\s+/,
  ),
)

// Scripts without spaces between words: they are read in pairs of characters.
const unspacedScripts = ['Han', 'Hiragana', 'Katakana', 'Thai', 'Lao', 'Khmer', 'Myanmar']
const unspacedSet = `${unspacedScripts.map((script) => `\\p{Script=${script}}`).join('')}ーｰﾞﾟ`
const unspaced = new RegExp(`[${unspacedSet}]`, 'u')
const runs = new RegExp(
  `[${unspacedSet}]+|(?:(?![${unspacedSet}])[\\p{L}\\p{N}\\p{M}])+(?:['’]\\p{L}+)*`,
  'gu',
)

/** Whether a character is of a script without spaces between words. */
export const isUnspaced = (character: string): boolean => unspaced.test(character)

const halfWidth = /[\uff66-\uff9f]+/g

/** A text in lower case, and with Katakana of one width: of half the width, `ｶﾞ` is two characters. */
export function evenly(text: string): string {
  return text.toLowerCase().replaceAll(halfWidth, (half) => half.normalize('NFKC'))
}

/** The words of a text, in lower case, as written; text without spaces in pairs of characters. */
export function wordsOf(text: string): string[] {
  const words: string[] = []
  for (const run of evenly(text).match(runs) ?? []) {
    if (run.codePointAt(0)! < 0xe00 || !unspaced.test(run)) {
      words.push(run)
      continue
    }
    const characters = Array.from(run)
    if (characters.length === 1) words.push(run)
    for (let index = 1; index < characters.length; index++) {
      words.push(characters[index - 1]! + characters[index]!)
    }
  }
  return words
}

// Longer ones are no words, and the stemmer need not handle them.
const longestWord = 40
const plain = /^[a-z]+$/

/** The term of a word for comparing texts; undefined for a word without meaning of its own. */
export function termOf(word: string): string | undefined {
  const bare = /['’]/.test(word) ? word.replace(/['’]s$/, '').replaceAll(/['’]/g, '') : word
  if (stopWords.has(bare)) return undefined
  const short = bare.length > longestWord ? bare.slice(0, longestWord) : bare
  // With or without its accents a word is the same.
  // A letter of compatibility stands for up to 18 others: an index has no room for many such words.
  const base = plain.test(short) ? short : baseOf(short).slice(0, longestWord)
  return plain.test(base) ? stemOf(base) : base
}

// Texts repeat their words, so the stems of this many words are kept.
const mostKnown = 4096
const known = new Map<string, string>()

/** The terms of a text, in order, without words that say nothing. */
export function termsOf(text: string): string[] {
  const terms: string[] = []
  for (const word of wordsOf(text)) {
    let term = known.get(word)
    if (term === undefined) {
      term = termOf(word) ?? ''
      if (known.size >= mostKnown) known.clear()
      if (word.length <= longestWord) known.set(word, term)
    }
    if (term !== '') terms.push(term)
  }
  return terms
}

/** Whether a text looks like English: it has no letters of other languages, and many small English words. */
export function isEnglish(text: string): boolean {
  const words =
    text
      .slice(0, 1000)
      .toLowerCase()
      .match(/[\p{L}\p{M}'’]+/gu) ?? []
  if (words.some((word) => !/^[a-z'’]+$/.test(word))) return false
  const small = words.filter((word) => stopWords.has(word.replaceAll(/['’]/g, '')))
  return small.length * 5 >= words.length
}

/** The name at the beginning of a text, in texts that mark speakers: in `Maria: I moved` it is Maria. */
export function speakerOf(text: string): string | undefined {
  const colon = text.indexOf(':')
  if (colon < 1 || colon > 40) return undefined
  const name = text.slice(0, colon)
  return /^\p{L}[\p{L}\p{M}'’.-]*(?: [\p{L}\p{M}'’.-]+){0,2}$/u.test(name) ? name : undefined
}
