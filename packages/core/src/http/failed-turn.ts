import { SessionError } from '../errors.js'

/** A turn whose model failed: the problem says which, so that a client finds what is stored of it. */
export class FailedTurn extends SessionError {
  readonly turn: object

  constructor(turn: object, message: string | undefined) {
    super('model_failed', message ?? 'The model failed.')
    this.turn = turn
  }
}
