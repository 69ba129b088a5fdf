// Marks that change the direction in which what follows is shown: U+202A to U+202E, and U+2066 to U+2069.
const directing = /[\u202a-\u202e\u2066-\u2069]/
const ending = '\u2069'

/**
 * A text whose marks of direction end with it, line by line: without that, a title could show what stands behind it in
 * another order.
 */
export function confined(text: string): string {
  if (!directing.test(text)) return text
  return text.replaceAll(/[^\n\r\u0085\u2029]+/g, (line) => (directing.test(line) ? isolated(line) : line))
}

/** Within an isolate nothing has an effect on what is around it. It needs as many ends as it has beginnings. */
function isolated(line: string): string {
  let open = 0
  const whole = line.replaceAll(/[\u2066-\u2069]/g, (mark) => {
    if (mark !== ending) open++
    else if (open === 0) return ''
    else open--
    return mark
  })
  return `\u2068${whole}${ending.repeat(open + 1)}`
}
