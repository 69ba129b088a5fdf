import * as brokenCopies from './broken-copies.js'
import * as brokenPages from './broken-pages.js'
import * as brokenStores from './broken-stores.js'
import * as racingStores from './racing-stores.js'

const { readWhole: _, ...pageStores } = brokenPages

/** Stores that are wrong, each in one way. */
export const broken = { ...brokenStores, ...brokenCopies, ...pageStores, ...racingStores }

export interface Flaw {
  /** What must fail. */
  fails: string[]
  /** How the titles of the chapters begin in which anything else may fail too. Random calls may always. */
  within: string[]
}

const random = ['through one instance', 'through two instances in turn']

const cutPages =
  'a page of large messages ends before it is too large, says that there is more, and the next one goes on'

/** What the suite finds in each of them. */
export const flaws: Record<keyof typeof broken, Flaw> = {
  lastWriterWins: {
    fails: [
      'changes nothing when the body is refused',
      'a body on an old revision is a conflict that says the current one',
      'a revision without a body is checked and leaves the body alone',
      'two bodies on one revision, 20 rounds: exactly one wins, the other learns the new revision',
      '20 additions at once, each tried again after a conflict, all count',
      '1,000 rounds of an append, a body change and a read, four at once: every effect is there',
      ...random,
    ],
    within: ['commit', 'revisions', 'restore', 'owners', 'changes'],
  },
  appClock: {
    fails: [
      "times are the store's in a process whose clock is an hour ahead",
      "times are the store's in a process whose clock is an hour behind",
      'a process whose clock is an hour ahead loses no session',
      'a process whose clock is an hour behind sees no expired session',
    ],
    within: [],
  },
  resurrectingWrite: {
    fails: [
      'a session that never was is absent from every method',
      'a removed session is absent from every method, and no late write brings it back',
      'an expired session is absent from every method, and no late write brings it back',
      'a removal racing commits, 20 rounds: nothing is left',
      'a deadline racing appends: none gets in after it, and once one is refused, all are',
      ...random,
    ],
    // Elsewhere the same check is made in passing, of an expired session and of another tenant's.
    within: [
      'commit',
      'no resurrection',
      'deadlines',
      'tenants and ids',
      'owners',
      'changes',
      'restore',
      'lifetimes',
    ],
  },
  guardIgnored: {
    fails: ['amend, trim and remove that mean an earlier session of the id leave the present one alone'],
    within: ['changes', 'restore'],
  },
  forgetfulOfIncarnation: {
    fails: ['a change for an earlier incarnation is not_found, also at an equal revision', ...random],
    within: ['commit', 'no resurrection', 'changes', 'restore'],
  },
  aliasingMemory: { fails: ['changing what read gave changes nothing'], within: [] },
  lateReader: {
    fails: ['changing what was handed in changes nothing, as soon as the call has been made'],
    within: [],
  },
  messageIdIgnored: {
    fails: [
      'an id with the same payload again succeeds and changes nothing',
      'an id with another payload is a conflict that names it',
      'an id twice in one commit is stored once',
      '50 commits of one id at once store it once, and one of them says so',
      '20 payloads for one id at once: one is stored, 19 are conflicts',
      'changes nothing when the last of its messages is refused',
      'a payload sent again is known to be the same',
      'any two message ids of a session are two messages',
      ...random,
    ],
    within: ['commit', 'message ids', 'reading', 'changes', 'restore', 'copies', 'room'],
  },
  tenantIgnored: {
    fails: [
      'any two tenants are apart, whatever their ids match',
      'tenant and id never run into one another',
      'one id in two tenants: no method of one reaches the other',
      "another tenant's cursor shows nothing of that tenant",
    ],
    within: [
      'no resurrection',
      'deadlines',
      'texts',
      'tenants and ids',
      'listing',
      'amend, trim and sweep',
      'changes',
      'places',
      'restore',
      'room',
    ],
  },
  foldedIds: { fails: ['any two ids of a tenant are two sessions'], within: [] },
  nonAtomicCommit: {
    fails: [
      'keeps the messages of one commit next to each other',
      'changes nothing when the last of its messages is refused',
      'creates nothing when a message of the first commit is refused',
      'an id twice in one commit with two payloads is a conflict, and nothing is stored',
      ...random,
    ],
    // A commit that ends the session and appends to it is two.
    within: [
      'commit',
      'message ids',
      'no resurrection',
      'deadlines',
      'amend, trim and sweep',
      'changes',
      'restore',
      'room',
    ],
  },
  readThinkWrite: {
    fails: [
      'keeps 50 appends of two instances at once, seq 1 to 50',
      '50 commits of one id at once store it once, and one of them says so',
      '20 additions at once, each tried again after a conflict, all count',
      'appends never conflict with body changes, nor body changes with appends',
      '1,000 rounds of an append, a body change and a read, four at once: every effect is there',
      'a removal racing commits, 20 rounds: nothing is left',
      'amend racing appends loses neither',
      'trim racing appends drops no new message, and counts each dropped one once',
    ],
    within: ['commit', 'message ids', 'revisions', 'amend, trim and sweep', 'owners', 'changes', 'room'],
  },
  countThenWrite: {
    fails: [
      'keeps 50 appends of two instances at once, seq 1 to 50',
      'keeps the messages of one commit next to each other',
      '1,000 rounds of an append, a body change and a read, four at once: every effect is there',
    ],
    within: ['commit', 'message ids', 'revisions', 'amend, trim and sweep'],
  },
  twoStepSweep: {
    fails: [
      'a sweep racing a new beginning, 20 rounds: the new one stays',
      'many sweepers at once count each session once',
    ],
    within: [],
  },
  seqFromClock: {
    fails: [
      'appends at the next seq, whichever instance writes',
      'keeps 50 appends of two instances at once, seq 1 to 50',
      'a tail is the newest messages in order, none unless asked for',
      ...random,
    ],
    within: [
      'commit',
      'message ids',
      'revisions',
      'no resurrection',
      'tenants and ids',
      'reading',
      'pages',
      'copies',
      'amend, trim and sweep',
      'restore',
      'lifetimes',
    ],
  },
  parsedTexts: {
    fails: [
      'body and payload: 2^53 + 1',
      'body and payload: an exponent',
      'body and payload: a key twice',
      'body and payload: spaces around',
      'body and payload: NUL',
      'body and payload: a lone high surrogate',
      'body and payload: a lone low surrogate',
    ],
    within: ['texts'],
  },
  pagesWithoutBound: {
    fails: [
      cutPages,
      'a tail of large messages is as many of the newest as fit a page',
      'what fits to the byte is one page, and one byte more is two',
      'a message larger than a page has a page of its own',
      'bytes are counted, not characters',
      'many tails and pages at once, of large sessions and small ones, are each as they are alone',
      'a session of many pages is amended, appended to, trimmed and removed',
      'a tail that was small becomes large by another instance',
    ],
    within: [],
  },
  shortPagesSayNoMore: {
    fails: [
      cutPages,
      'what fits to the byte is one page, and one byte more is two',
      'a message larger than a page has a page of its own',
      'a session of many pages is amended, appended to, trimmed and removed',
    ],
    within: [],
  },
  amendUncounted: {
    fails: [
      'each commit, amend and trim that changes something adds one',
      'an amend counts although nothing else of the record moves',
    ],
    within: ['amend, trim and sweep', 'restore', 'deadlines', 'changes'],
  },
  newerOverwritten: {
    fails: [
      'a newer session, or another incarnation, is a conflict and stays as it is',
      'a change while parts arrive is kept: the last part is a conflict',
      ...random,
    ],
    within: ['restore'],
  },
  halfShown: {
    fails: ['a log in parts, from two instances in turn: nothing is visible before the last one'],
    within: ['restore', 'places'],
  },
  ownerIgnored: {
    fails: [
      "another user's session, and one of nobody, is not_found and stays as it is",
      'nobody, as the empty text, owns no session',
      'the owner is asked for before the change names another',
      ...random,
    ],
    within: ['owners'],
  },
  bytesIgnored: {
    fails: [
      'past maxSeq or maxBytes a commit is refused, and changes nothing',
      'a create past maxSeq or maxBytes makes no session',
      'of 40 appends at once as many get in as there is room, by both instances',
    ],
    within: ['room'],
  },
  roomBefore: {
    fails: ['of 40 appends at once as many get in as there is room, by both instances'],
    // What stands in the way of a commit is told in another order.
    within: ['room'],
  },
  lifetimeOverruled: {
    fails: ['what it leaves out is for commits to say', 'null is for ever: neither idleness nor age ends it'],
    within: ['lifetimes'],
  },
  momentIncluded: {
    fails: ['only sessions active before a moment, and not at it, page by page'],
    within: ['places'],
  },
  pagesByCharacters: { fails: ['bytes are counted, not characters'], within: [] },
  hugeMessagesLeftOut: { fails: ['a message larger than a page has a page of its own'], within: [] },
  countedPages: {
    fails: [
      'pages go on when the session their cursor stopped at is gone',
      'refuses a cursor that is none of its own',
    ],
    within: ['listing', 'places'],
  },
}
