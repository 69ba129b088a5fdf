import { type CountryCode, getCountries, getCountryCallingCode, Metadata } from 'libphonenumber-js/max'

/** What the library knows of the numbers of a country, beside what its types tell. `0` is nothing. */
interface NumberingPlan {
  possibleLengths(): readonly number[]
  nationalNumberPattern(): string
  nationalPrefixForParsing(): string | 0
  nationalPrefixTransformRule(): string | 0
  IDDPrefix(): string | 0
  formats(): readonly { nationalPrefixFormattingRule(): string | 0 | undefined }[]
}

/** What may be a number of a country, as people there dial it. The library knows which of these are numbers. */
export interface PhonePlan {
  readonly country: CountryCode
  /** Whether so many digits with this one at the beginning may be a number. */
  mayHave(first: number, digits: number): boolean
  /** Whether what was said may be one: seen from it and its digits alone, which is faster than the library by far. */
  mayBe(said: string, digits: string): boolean
}

// In North America all group the digits alike, and the number of a ticket such as 2024-100079 is none of a phone.
const groups = new Map([['1', /^\D*(?:1\D*)?\d{3}\D*\d{3}\D*\d{4}$|^\D*011/]])
// What people dial before a number in the country has no more digits than these: its code, and prefixes.
const mostBefore = 8

/** The plan of a country that the library knows. */
export function phonePlan(country: CountryCode): PhonePlan {
  const plan = numberingPlan(country)
  const callingCode = getCountryCallingCode(country)
  // The library takes those of the other countries with the same code, too.
  const plans = getCountries()
    .filter((other) => getCountryCallingCode(other) === callingCode)
    .map(numberingPlan)
  const lengths = [...new Set(plans.flatMap((one) => one.possibleLengths()))]
  const national = new RegExp(`^(?:${plans.map((one) => one.nationalNumberPattern()).join('|')})$`)
  const abroad = beginOf(plan.IDDPrefix())
  const befores = [beginOf(plan.nationalPrefixForParsing()), beginOf(callingCode)]
  const grouped = groups.get(callingCode)
  const isRewritten = plan.nationalPrefixTransformRule() !== 0
  const hasZero = isWrittenWithZero(plan)
  return {
    country,
    mayHave(first, digits) {
      if (hasZero && first !== 0) return false
      if (lengths.includes(digits) || abroad?.mayHave(first)) return true
      const mayStandBefore = befores.some((before) => before?.mayHave(first))
      return mayStandBefore && lengths.some((length) => length < digits && digits <= length + mostBefore)
    },
    mayBe(said, digits) {
      if ((hasZero && !digits.startsWith('0')) || grouped?.test(said) === false) return false
      if (national.test(digits) || abroad?.pattern.test(digits)) return true
      return befores.some((before) => {
        if (before === undefined || !before.pattern.test(digits)) return false
        return isRewritten || national.test(digits.replace(before.pattern, ''))
      })
    },
  }
}

/** Whether every number of a country begins with a zero that is not dialled from abroad. */
function isWrittenWithZero(plan: NumberingPlan): boolean {
  const rules = plan.formats().map((format) => format.nationalPrefixFormattingRule() || '')
  return rules.length > 0 && rules.every((rule) => /^\(?0/.test(rule))
}

function numberingPlan(country: CountryCode): NumberingPlan {
  const metadata = new Metadata()
  metadata.selectNumberingPlan(country)
  return metadata.numberingPlan as unknown as NumberingPlan
}

interface Begin {
  readonly pattern: RegExp
  /** Whether it may begin with a digit: true when that is not easily seen. */
  mayHave(first: number): boolean
}

function beginOf(source: string | 0): Begin | undefined {
  if (source === 0) return undefined
  const isPlain = /^\d+$/.test(source)
  return {
    pattern: new RegExp(`^(?:${source})`),
    mayHave: (first) => !isPlain || source.startsWith(String(first)),
  }
}
