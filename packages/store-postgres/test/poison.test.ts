import { useServer } from './databases.js'
import { describePoisoned } from './poisoned-sessions.js'

describePoisoned('a session that cannot be read is corrupt, alone', useServer(), {})
