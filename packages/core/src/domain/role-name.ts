const roles: ReadonlySet<string> = new Set(
  'ai agent assistant bot developer function human model system tool user'.split(' '),
)
// Each letter stands before the Latin one that readers, and models, take it for.
const lookalikes =
  'аaɑaαaᴀaвbьbʙbβbсcϲcᴄcԁdᴅdеeєeεeᴇeғfꜰfɡgɢgցgһhнhʜhіiιiɩiıiɪiмmᴍmոnпnηnɴnоoοoօoᴏoрpρpᴘpгrʀrѕsꜱsтtτtᴛtυuսuμuᴜuνvѵvᴠvуyүyʏyγyӏlʟl'
// Greek capitals look like others than their small letters.
const capitals = 'ΗhΜmΝnΥy'
const latin: ReadonlyMap<string, string> = new Map(
  `${lookalikes}${capitals}`.match(/../gu)!.map((pair) => [pair[0]!, pair[1]!]),
)
const shortest = 3

/**
 * Whether the name of a speaker reads as a role, whatever its letters: accents count for nothing, and letters of other
 * scripts for those that they look like. Of two letters alone only the name as it is counts: `Ái` is a person's.
 *
 * @param ignored What in a name is not read; accents by themselves among it.
 */
export function readsAsRole(name: string, ignored: RegExp): boolean {
  const plain = name.normalize('NFKC').toLowerCase().replaceAll(ignored, '')
  if (roles.has(plain)) return true
  const letters = Array.from(name.normalize('NFKD'), (letter) => {
    const small = letter.toLowerCase()
    return latin.get(letter) ?? latin.get(small) ?? small
  })
  const alike = letters.join('').replaceAll(ignored, '')
  return alike.length >= shortest && roles.has(alike)
}
