import { testEdits } from '../../test/edits.js'

testEdits(50)
