// What answers messages and works on what was said: loaded with the first turn or context of a process.
export { beginTurn } from '../turn/admission.js'
export { amendMessage, annotateMessage, redactMessage } from '../turn/change-message.js'
export { cancelTurn, watchTurn } from '../turn/follow.js'
export { rewindSession, switchToBranch } from '../turn/leave-branch.js'
export { resetSession } from '../turn/reset.js'
export { compact } from '../session/compaction.js'
export { sessionContext, shownContext } from '../session/context.js'
export { sessionInfo } from '../session/info.js'
