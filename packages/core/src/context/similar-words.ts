// The shares of the shorter and of the longer word that both must begin with, to count as forms of one word.
const leastOfShorter = 0.6
const leastOfLonger = 0.45
const ownWeight = 0.9

/**
 * How certain it is that two words are forms of one, 0 to 1, by their common beginning: most languages change the
 * endings of their words (`kissani`, `kissalle`; `собака`, `собаку`). The second word comes letter by letter.
 */
export function similarity(word: string, length: number, letter: (index: number) => number): number {
  const shorter = Math.min(word.length, length)
  let shared = 0
  while (shared < shorter && word.charCodeAt(shared) === letter(shared)) shared++
  if (shared === word.length && shared === length) return 0
  const longer = Math.max(word.length, length)
  if (shared < 3 || shared < shorter * leastOfShorter || shared < longer * leastOfLonger) return 0
  return (ownWeight * 2 * shared) / (shorter + longer)
}
