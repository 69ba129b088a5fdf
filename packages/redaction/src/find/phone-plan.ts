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
  /** Whether the first group of a number may have so many digits, with this one at the beginning. */
  mayOpen(first: number, digits: number): boolean
  /** Whether what was said may be one: seen from it alone, which is faster than the library by far. */
  mayBe(said: string): boolean
}

// In North America all group the digits alike, and the number of a ticket such as 2024-100079 is none of a phone.
const groups = new Map([
  ['1', { form: /^\D*(?:1\D*)?\d{3}\D*\d{3}\D*\d{4}$|^\D*011/, mayOpen: mayOpenNorthAmerican }],
])
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
  const national = plans.map((one) => one.nationalNumberPattern()).join('|')
  const abroad = plan.IDDPrefix() || undefined
  const befores = [plan.nationalPrefixForParsing(), callingCode].filter((before) => before !== 0)
  const behind = plan.nationalPrefixTransformRule() === 0 ? `(?:${national})` : String.raw`\d*`
  const hasZero = isWrittenWithZero(plan)
  const forms = [
    national,
    ...(abroad === undefined ? [] : [String.raw`(?:${abroad})[1-9]\d*`]),
    ...befores.map((before) => `(?:${before})${behind}`),
  ]
  const dialled = new RegExp(`^(?:${forms.join('|')})$`)
  const grouped = hasZero ? undefined : groups.get(callingCode)
  const written = hasZero ? /^\D*0/ : grouped?.form
  return {
    country,
    mayHave(first, digits) {
      if (hasZero && first !== 0) return false
      if (lengths.includes(digits) || mayBegin(abroad, first)) return true
      const mayStandBefore = befores.some((before) => mayBegin(before, first))
      return mayStandBefore && lengths.some((length) => length < digits && digits <= length + mostBefore)
    },
    mayOpen: grouped?.mayOpen ?? (() => true),
    mayBe: (said) => written?.test(said) !== false && dialled.test(said.replaceAll(/\D/g, '')),
  }
}

/** Three, three and four digits, with or without a break between, and with or without 1 before; or 011 and more. */
function mayOpenNorthAmerican(first: number, digits: number): boolean {
  if (digits === 3 || digits === 6 || digits === 10) return true
  if (first === 1) return digits === 1 || digits === 4 || digits === 7 || digits === 11
  return first === 0 && digits > 3
}

/** Whether a pattern may begin with a digit: true when that is not easily seen. */
function mayBegin(pattern: string | undefined, first: number): boolean {
  return pattern !== undefined && (!/^\d+$/.test(pattern) || pattern.startsWith(String(first)))
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
