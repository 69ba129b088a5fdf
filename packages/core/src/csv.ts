/** A line of CSV (RFC 4180). A cell that is a text has been through `csvText`. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.join(',')}\r\n`
}

/** A text as a cell. A text that a spreadsheet would take for a formula has a `'` before it. */
export function csvText(text: string): string {
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
