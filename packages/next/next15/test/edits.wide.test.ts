// A file of its own, so that it runs beside the others. Next 15 takes seconds for an edit.
import { testEdits } from '../../test/edits.js'

testEdits(50)
