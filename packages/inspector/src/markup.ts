import { confined } from './confined.js'

/** Markup that is safe to be put into a page. */
export class Html {
  readonly #markup: string

  constructor(markup: string) {
    this.#markup = markup
  }

  toString(): string {
    return this.#markup
  }
}

type Value = Html | string | number | undefined | false | readonly Value[]

/** Markup with values in it: every text is escaped, whatever it says. */
export function markup(pieces: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(
    pieces.map((piece, index) => piece + markupOf(values[index], inAttribute.test(piece))).join(''),
  )
}

// What a form sends again must be what it was given.
const inAttribute = /="[^"<>]*$/

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function markupOf(value: Value, isAttribute: boolean): string {
  if (value === undefined || value === false) return ''
  if (value instanceof Html) return value.toString()
  if (typeof value === 'object') return value.map((each) => markupOf(each, isAttribute)).join('')
  // A control character is no part of a document; half a character would become another one.
  const text = isAttribute ? String(value) : confined(String(value))
  return text
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]|\p{Surrogate}/gu, '\ufffd')
    .replaceAll(/[&<>"']/g, (character) => escapes[character]!)
}
