// What counts messages, and their tokens: loaded with the first message of a process.
export { countingTokensOf } from './count-tokens.js'
export { keptCounts } from '../domain/counted-through.js'
