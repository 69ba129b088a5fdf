/** A range of time, epoch ms, its end not included. */
export interface Period {
  readonly from: number
  readonly to: number
}

// A question names a few days; a text that names hundreds asks about none of them.
const mostPeriods = 64

const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')
const endings = 'uary|ruary|ch|il||e|y|ust|t?(?:ember)?|ober|ember|ember'.split('|')
// Whole names and abbreviations: `decide 3` names no day.
const names = months.map((name, index) => `${name}(?:${endings[index]})?`)
const month = `(${names.join('|')})\\.?`
const year = '(?:,? +((?:19|20)\\d\\d))?'
const patterns = {
  iso: /\b((?:19|20)\d\d)-(\d\d)(?:-(\d\d))?\b/g,
  dayFirst: new RegExp(`\\b(\\d{1,2})(?:st|nd|rd|th)?(?: of)? ${month}${year}(?!\\w)`, 'g'),
  monthFirst: new RegExp(`\\b${month} (\\d{1,2})(?:st|nd|rd|th)?(?!\\d)${year}(?!\\w)`, 'g'),
  monthOnly: new RegExp(`\\b(?:in|of|during|since|last|this|early|late|mid) ${month}${year}(?!\\w)`, 'g'),
}

/**
 * The days and months that a text names (UTC), such as `2024-03-05`, `5 March 2024`, `March 5` or `in March`. Without
 * a year in the text, the result has the day in each of `years`.
 */
export function periodsIn(text: string, years: readonly number[]): readonly Period[] {
  const said = text.toLowerCase()
  const periods: Period[] = []
  const add = (yearSaid: string | undefined, monthIndex: number, day: string | undefined): void => {
    const isDay = day === undefined || (Number(day) >= 1 && Number(day) <= 31)
    if (periods.length >= mostPeriods || months[monthIndex] === undefined || !isDay) return
    for (const inYear of yearSaid === undefined ? years : [Number(yearSaid)]) {
      const from = Date.UTC(inYear, monthIndex, Number(day ?? 1))
      const to = day === undefined ? Date.UTC(inYear, monthIndex + 1, 1) : from + 86_400_000
      if (!periods.some((period) => period.from <= from && to <= period.to)) periods.push({ from, to })
    }
  }
  for (const [, y, m, d] of said.matchAll(patterns.iso)) add(y, Number(m) - 1, d)
  for (const [, d, m, y] of said.matchAll(patterns.dayFirst)) add(y, indexOf(m!), d)
  for (const [, m, d, y] of said.matchAll(patterns.monthFirst)) add(y, indexOf(m!), d)
  // A month alone stands for all its days, so a month that belongs to a day is skipped.
  if (periods.length === 0)
    for (const [, m, y] of said.matchAll(patterns.monthOnly)) add(y, indexOf(m!), undefined)
  return periods
}

function indexOf(name: string): number {
  return months.indexOf(name.slice(0, 3))
}
