import { isGlue, isSmallWord } from './small-words.js'
import { isEnglish, termOf, wordsOf } from './words.js'

/** A word or phrase that a text may be about. */
export interface TopicTerm {
  /** What its forms have in common. */
  readonly term: string
  /** As the text has it, in lower case. */
  readonly form: string
  /** Whether it is two words. */
  readonly isPhrase: boolean
}

const fewestLetters = 3
const mostLetters = 40
const clauses = /[^.,;:!?¿¡…()[\]{}"“”„«»|/\n\r、。，；：！？（）「」『』・،؛؟]+/gu
const katakana = /[\p{Script=Katakana}ー]{2,}/gu
const hiragana = /\p{Script=Hiragana}/u
const han = /^\p{Script=Han}+$/u
const hangul = /^\p{Script=Hangul}+$/u
const digits = /^\p{N}+$/u

/** The words that say what a text is about, and the pairs of them that stand together, each once, as they are found. */
export function* topicTermsOf(text: string): Generator<TopicTerm, void> {
  const found = new Set<string>()
  const isNew = ({ term }: TopicTerm): boolean => found.size < found.add(term).size
  for (const one of termsIn(text)) if (isNew(one)) yield one
}

function* termsIn(text: string): Generator<TopicTerm, void> {
  const english = isEnglish(text)
  for (const [clause] of text.matchAll(clauses)) {
    // A word of Katakana is known by its script: it need not be read in pairs.
    for (const [form] of clause.matchAll(katakana)) yield { term: termOfTopic(form), form, isPhrase: false }
    let before: TopicTerm | undefined
    for (const word of wordsOf(clause.replaceAll(katakana, ' '))) {
      const one = topicTerm(word, english)
      if (one !== undefined && before !== undefined && !han.test(word)) {
        const { term, form } = before
        const phrase = `${form} ${one.form}`
        if (phrase.length <= mostLetters) yield { term: `${term} ${one.term}`, form: phrase, isPhrase: true }
      }
      const isNumber = digits.test(word)
      if (one !== undefined && !isNumber) yield one
      // A number may end a phrase (`iphone 15`), and begins none.
      before = isNumber || han.test(word) ? undefined : one
    }
  }
}

function topicTerm(word: string, english: boolean): TopicTerm | undefined {
  const isHan = han.test(word)
  const fewest = isHan || hangul.test(word) || digits.test(word) ? 1 : fewestLetters
  if (word.length < fewest || word.length > mostLetters || hiragana.test(word)) return undefined
  if (isHan ? word.length < 2 || isGlue(word) : isSmallWord(word, english)) return undefined
  const term = termOf(word)
  // Without its particle a word of Korean is what a dictionary has.
  return term === undefined ? undefined : { term, form: hangul.test(word) ? term : word, isPhrase: false }
}

/** The term of a form that `topicTermsOf` gave. */
export function termOfTopic(form: string): string {
  return form
    .split(' ')
    .map((word) => (hangul.test(word) ? word : (termOf(word) ?? word)))
    .join(' ')
}
