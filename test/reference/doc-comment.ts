/** A doc comment, taken apart. */
export interface DocComment {
  readonly text: string
  readonly params: ReadonlyMap<string, string>
  readonly returns: string
  readonly throws: readonly string[]
  /** Each with its fence. */
  readonly examples: readonly string[]
}

const tag = /(?:^|\s)@(param|returns|throws|default|example|see|deprecated)\b/

/** The text before the first tag, and each tag with what follows it. Code between fences has no tags. */
function partsOf(doc: string): [string, ...(readonly [name: string, text: string])[]] {
  const fences: string[] = []
  const folded = doc.replaceAll(/^```[\s\S]*?^```$/gm, (fence) => `\u0000${fences.push(fence) - 1}\u0000`)
  const unfold = (text: string): string =>
    text.replaceAll(/\u0000(\d+)\u0000/g, (_, index: string) => fences[Number(index)]!).trim()
  const [first = '', ...rest] = folded.split(tag)
  const tags: (readonly [string, string])[] = []
  for (let index = 0; index < rest.length; index += 2)
    tags.push([rest[index]!, unfold(rest[index + 1] ?? '')])
  return [unfold(first), ...tags]
}

export function readDoc(doc: string | undefined): DocComment {
  const [text, ...tags] = partsOf(doc ?? '')
  const of = (name: string): string[] => tags.filter(([each]) => each === name).map(([, said]) => said)
  const rest = tags.filter(([name]) => ['default', 'see', 'deprecated'].includes(name))
  return {
    text: [text, ...rest.map(([name, said]) => `${name[0]!.toUpperCase()}${name.slice(1)}: ${said}`)]
      .join('\n\n')
      .trim(),
    params: new Map(
      of('param').map((said) => {
        const [name = ''] = /^\S+/.exec(said) ?? []
        return [name, said.slice(name.length).replace(/^\s*-?\s*/, '')] as const
      }),
    ),
    returns: of('returns').join(' '),
    throws: of('throws'),
    examples: of('example'),
  }
}

/** The comment as one line of a table. */
export function inCell(text: string): string {
  return text
    .split(/\n{2,}/)
    .map((paragraph) => paragraph.replaceAll(/\n- /g, '<br>• ').replaceAll(/\s+/g, ' ').trim())
    .join('<br>')
}

/** A sentence that begins with a capital, and ends. */
export function asSentence(text: string): string {
  const plain = text.replaceAll(/\s+/g, ' ').trim()
  if (plain === '') return ''
  const capital = /^[a-z]/.test(plain) ? plain[0]!.toUpperCase() + plain.slice(1) : plain
  return /[.!?:]$/.test(capital) ? capital : `${capital}.`
}
