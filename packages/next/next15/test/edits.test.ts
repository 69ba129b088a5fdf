// A file of its own, so that it runs beside the others. Next 15 takes seconds for an edit: as many as on Next 16 are made
// by edits.wide.test.ts.
import { testEdits } from '../../test/edits.js'

testEdits(10)
