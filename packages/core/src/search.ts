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
