/**
 * A text as one line of a log. It may quote a client or a model: no part of it passes for a line of its own, commands a
 * terminal, or turns the line around.
 */
export function oneLine(text: string): string {
  return text.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
