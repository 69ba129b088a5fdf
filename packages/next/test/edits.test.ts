import { testEdits } from './edits.js'

// Fifty, and those of pages among them: edits.wide.test.ts.
testEdits(3)
