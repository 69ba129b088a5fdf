/**
 * The types of the search over messages, and what an index of it is made of.
 *
 * @packageDocumentation
 */
export type {
  FoundMessage,
  FoundSession,
  SearchedRole,
  SearchedSession,
  SearchEntry,
  SearchExcerpt,
  SearchIndex,
  SearchOptions,
  SearchPage,
  SearchPlace,
  SearchPosting,
  SearchQuestion,
  SearchSettings,
  SearchWord,
} from './domain/search.js'
export type { TermSeal } from './contract/term-seal.js'
