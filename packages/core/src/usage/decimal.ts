/** Costs are counted in millionths of a millionth: what one token costs, where a million cost a millionth. */
const places = 12
const unit = 10n ** BigInt(places)

/** How many units of cost a millionth of a currency has. */
export const unitsPerMicro = 1_000_000n

/** The units of a decimal text; undefined when it is none, or has more than so many places after the point. */
export function parseDecimal(text: string, mostPlaces = places): bigint | undefined {
  const [, whole, fraction = ''] = /^(\d{1,15})(?:\.(\d{1,12}))?$/.exec(text) ?? []
  if (whole === undefined || fraction.length > mostPlaces) return undefined
  return BigInt(whole) * unit + BigInt(fraction.padEnd(places, '0'))
}

/** Units as a decimal text, without zeros at its end. */
export function toDecimal(units: bigint): string {
  const sign = units < 0n ? '-' : ''
  const all = (units < 0n ? -units : units).toString().padStart(places + 1, '0')
  const fraction = all.slice(-places).replace(/0+$/, '')
  return `${sign}${all.slice(0, -places)}${fraction === '' ? '' : `.${fraction}`}`
}
