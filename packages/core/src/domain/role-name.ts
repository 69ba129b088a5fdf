// Nothing is made of these while the module is loaded, or who bundles would keep it without its function.
const roles = ' ai agent assistant bot developer function human model system tool user '
// Each letter stands before the Latin one that readers, and models, take it for.
const lookalikes =
  'аaɑaαaᴀaвbьbʙbβbсcϲcᴄcԁdᴅdеeєeεeᴇeғfꜰfɡgɢgցgһhнhʜhіiιiɩiıiɪiмmᴍmոnпnηnɴnоoοoօoᴏoрpρpᴘpгrʀrѕsꜱsтtτtᴛtυuսuμuᴜuνvѵvᴠvуyүyʏyγyӏlʟl'
// Greek capitals look like others than their small letters.
const capitals = 'ΗhΜmΝnΥy'
let latin: ReadonlyMap<string, string> | undefined
const shortest = 3

/**
 * Whether the name of a speaker reads as a role, whatever its letters: accents count for nothing, and letters of other
 * scripts for those that they look like. Of two letters alone only the name as it is counts: `Ái` is a person's.
 *
 * @param ignored What in a name is not read; accents by themselves among it.
 */
export function readsAsRole(name: string, ignored: RegExp): boolean {
  const plain = name.normalize('NFKC').toLowerCase().replaceAll(ignored, '')
  if (isRole(plain)) return true
  const known = (latin ??= pairsOf(`${lookalikes}${capitals}`))
  const letters = Array.from(name.normalize('NFKD'), (letter) => {
    const small = letter.toLowerCase()
    return known.get(letter) ?? known.get(small) ?? small
  })
  const alike = letters.join('').replaceAll(ignored, '')
  return alike.length >= shortest && isRole(alike)
}

const isRole = (name: string): boolean => name !== '' && roles.includes(` ${name} `)

function pairsOf(text: string): ReadonlyMap<string, string> {
  return new Map(text.match(/../gu)!.map((pair) => [pair[0]!, pair[1]!]))
}
