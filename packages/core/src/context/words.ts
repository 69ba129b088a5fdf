import { stemOf } from './stem.js'

// Words that say nothing of what a text is about: the small ones, and those that questions are made of
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

// Scripts that put no space between words: pairs of characters stand in for them.
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u
const runs =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}ー]+|[\p{L}\p{N}\p{M}]+(?:['’][\p{L}]+)*/gu

/** The words of a text, in lower case, as they stand; text without spaces in pairs of characters. */
export function wordsOf(text: string): string[] {
  const words: string[] = []
  for (const run of text.toLowerCase().match(runs) ?? []) {
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

/** What a word counts as when texts are compared; undefined for one that says nothing. */
export function termOf(word: string): string | undefined {
  const bare = /['’]/.test(word) ? word.replace(/['’]s$/, '').replaceAll(/['’]/g, '') : word
  if (stopWords.has(bare)) return undefined
  return /^[a-z]+$/.test(bare) ? stemOf(bare) : bare.normalize('NFKC')
}

/** The name a text begins with, where several speakers are told apart so: `Maria: I moved` was said by Maria. */
export function speakerOf(text: string): string | undefined {
  const colon = text.indexOf(':')
  if (colon < 1 || colon > 40) return undefined
  const name = text.slice(0, colon)
  return /^\p{L}[\p{L}\p{M}'’.-]*(?: [\p{L}\p{M}'’.-]+){0,2}$/u.test(name) ? name : undefined
}
