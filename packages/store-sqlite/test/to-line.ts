/** As JSON, on one line, also for readers that end lines at the separators of Unicode. */
export function toLine(value: object): string {
  const json = JSON.stringify(value)
  return `${json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}\n`
}
